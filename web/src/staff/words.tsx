import { staff } from "../i18n/en/staff";
import { makePart } from "../i18n/part";

export type StaffKey = keyof typeof staff;

export const { Provider: StaffWords, useWords } = makePart<StaffKey>(staff, { es: () => import("../i18n/es/staff").then((module) => module.staff) });
