// The desk: follows the agent's event stream, shows the calls, and takes keys, buttons and forms.
import { act, followButtons } from "./desk/acting.js";
import { followBar } from "./desk/bar.js";
import { runClocks } from "./desk/clocks.js";
import { follow } from "./desk/connection.js";
import { followForms } from "./desk/forms.js";
import { followTyping } from "./desk/keeping.js";
import { followKeys } from "./desk/keys.js";

followTyping();
followForms();
followButtons();
followBar(act);
followKeys(act);
runClocks();
follow();
