import type { Facts } from "./facts";

/* By itself, so that signing out needs no zod. */
export const emptyFacts: Facts = {
	age: "", ageUnit: "years", sex: "", heightUnit: "cm", cm: "", feet: "", inches: "", weightUnit: "kg", weight: "", aid: "",
	orthosis: "", footwear: "", role: "", subject: "", notes: "", agreed: false, authority: "",
};
