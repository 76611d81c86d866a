// What components of packages/ui do where scripts run. Events are listened to at the document, so parts that arrive later work too.
import { copyOnClick } from "./copy";
import { switchTheme } from "./switch";

copyOnClick();
switchTheme();
