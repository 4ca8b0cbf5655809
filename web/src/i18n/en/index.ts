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

/* What the app says, in English, by where it is said. es/ has the same keys; a test compares them.
 * {name} is replaced; NAME_one and NAME_other are chosen by the number {n}. */
export const en = { ...app, ...submit, ...record, ...framing, ...send, ...handover, ...follow, ...read, ...compare, ...release } as const;

export type Key = keyof typeof en;
export type Catalogue = Record<Key, string>;
