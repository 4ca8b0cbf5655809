/* A password that nobody guesses and that can be read out over a telephone: 20 of 31 signs, 99 bits, in groups of five. */

const signs = "abcdefghijkmnpqrstuvwxyz2345679"; // without l, o, 0, 1 and 8
const groups = 4;
const groupLength = 5;

export function makePassword(random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array = (bytes) => crypto.getRandomValues(bytes)): string {
	const most = 256 - (256 % signs.length); // what is above would make some signs more likely
	let out = "";

	while (out.length < groups * groupLength)
		for (const byte of random(new Uint8Array(32)))
			if (byte < most && out.length < groups * groupLength)
				out += signs.charAt(byte % signs.length);
	return (out.match(new RegExp(`.{${groupLength}}`, "g")) ?? []).join("-");
}
