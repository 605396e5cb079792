// The portal's scripts. Every page works without them; pages with more to do link a module of their own.
import "./theme.js";
import "./say.js";
import "./failures.js";
import "./history.js";
import "./times.js";
import "./menus.js";
import "./filters.js";
import "./keys.js";
import "./passkey.js";
import "./session/leaving.js";
import "./session/state.js";
