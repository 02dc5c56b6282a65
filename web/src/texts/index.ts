import { address } from "./address";
import { agencies } from "./agencies";
import { consent } from "./consent";
import { exception } from "./exception";
import { files } from "./files";
import { office } from "./office";
import { papers } from "./papers";
import { relay } from "./relay";
import { sheet } from "./sheet";
import { shell } from "./shell";
import { stop } from "./stop";

/** Every text of the page. Another language is another set of these files. Labels of codes come from the service. */
export const t = { ...shell, sheet, consent, exception, relay, papers, office, stop, files, address, agencies };
