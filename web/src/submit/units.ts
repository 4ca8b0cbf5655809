/* Heights and weights in the units that people know. Kept in centimetres and kilograms, sent as what was typed. */

const cm_per_inch = 2.54;
const kg_per_lb = 0.45359237;

/* "1,72" is a number in half of the world. NaN: none. */
export function parseNumber(text: string): number {
	const plain = text.trim().replace(",", ".");
	return /^\d+(\.\d+)?$|^\.\d+$/.test(plain) ? Number(plain) : NaN;
}

export function cmFromFeet(feet: number, inches: number): number {
	return (feet * 12 + inches) * cm_per_inch;
}

/* Whole inches, never 12 of them. */
export function feetFromCm(cm: number): { feet: number; inches: number } {
	const inches = Math.round(cm / cm_per_inch);
	return { feet: Math.floor(inches / 12), inches: inches % 12 };
}

export function kgFromLb(lb: number): number {
	return lb * kg_per_lb;
}

export function lbFromKg(kg: number): number {
	return kg / kg_per_lb;
}

export function short(value: number, digits = 1): string {
	return Number.isFinite(value) ? String(Number(value.toFixed(digits))) : "";
}
