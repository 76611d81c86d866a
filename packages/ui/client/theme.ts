// Shows the reader's theme before the page is drawn. Static pages load it in their head; a server renders the choice itself.
import { applyStored } from "./choice";

applyStored();
