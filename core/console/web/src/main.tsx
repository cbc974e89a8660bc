import "./style/console.css";
import { render } from "preact";
import { start } from "./state/connection";
import { startTheme } from "./state/theme";
import { startLanguage } from "./text";
import { App } from "./frame";

startTheme();
const root = document.getElementById("console");
if (root)
    void startLanguage().then(() => {
        render(<App />, root);
        return start();
    });
