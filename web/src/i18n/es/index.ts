import type { Catalogue } from "../en";
import { app } from "./app";
import { compare } from "./compare";
import { follow } from "./follow";
import { framing } from "./framing";
import { handover } from "./handover";
import { read } from "./read";
import { record } from "./record";
import { release } from "./release";
import { send } from "./send";
import { submit } from "./submit";

/* What the app says, in Spanish. */
export const es: Catalogue = { ...app, ...submit, ...record, ...framing, ...send, ...handover, ...follow, ...read, ...compare, ...release };
