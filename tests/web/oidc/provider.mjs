// A real OpenID Connect provider (oidc-provider, certified) for the tests: reads its settings as JSON from standard input,
// listens on loopback, and prints its address once it does. Its own forms for signing in take any password.
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { Provider } from "oidc-provider";

const settings = JSON.parse(readFileSync(0, "utf8"));
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const key = { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: settings.kid };

const provider = new Provider(`http://127.0.0.1:${settings.port}`, {
  clients: [
    {
      client_id: "threadline",
      client_secret: settings.secret,
      redirect_uris: [settings.redirect],
      post_logout_redirect_uris: [settings.back],
    },
  ],
  claims: { openid: ["sub"], profile: ["name", "preferred_username", "groups"], email: ["email", "email_verified"] },
  cookies: { keys: ["a key of the tests"] },
  features: { rpInitiatedLogout: { enabled: true } },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...settings.people[sub] }) }),
  jwks: { keys: [key] },
  pkce: { required: () => true },
  ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
});
provider.listen(settings.port, "127.0.0.1", () => console.log("ready"));
