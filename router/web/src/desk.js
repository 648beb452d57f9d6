// The desk: follows the agent's event stream, shows the calls, and takes keys, buttons and forms.
import { act, followButtons } from "./desk/acting.js";
import { followBar } from "./desk/bar.js";
import { runClocks } from "./desk/clocks.js";
import { follow, wakeUp } from "./desk/connection.js";
import { followCrm } from "./desk/crm.js";
import { followForms } from "./desk/forms.js";
import { followHelp } from "./desk/help.js";
import { followTyping } from "./desk/keeping.js";
import { followKeys } from "./desk/keys.js";
import { followLanding } from "./desk/landing.js";
import { followRinging } from "./desk/notify.js";
import { followWork } from "./desk/work.js";

followTyping();
followForms();
followWork();
followLanding();
followButtons();
followBar(act);
followKeys(act);
followHelp();
followRinging();
followCrm();
runClocks(wakeUp);
follow();
