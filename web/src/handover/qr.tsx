import { useEffect, useState } from "react";

interface Squares {
	size: number;
	path: string;
}

/* One path of all dark squares, with the quiet zone of four that readers want. */
export function squares(data: boolean[][]): Squares {
	let path = "";

	data.forEach((row, y) => row.forEach((dark, x) => {
		if (dark)
			path += `M${x + 4} ${y + 4}h1v1h-1z`;
	}));
	return { size: data.length + 8, path };
}

/* Drawn as SVG in the page; what makes the squares is loaded when one is shown. */
export function QrCode({ text, label }: { text: string; label: string }) {
	const [drawn, setDrawn] = useState<Squares | null>(null);

	useEffect(() => {
		let current = true;
		void import("uqr").then(({ encode }) => current && setDrawn(squares(encode(text, { ecc: "M", border: 0 }).data)), () => undefined);
		return () => {
			current = false;
		};
	}, [text]);
	return drawn && (
		<svg className="qr" viewBox={`0 0 ${drawn.size} ${drawn.size}`} role="img" aria-label={label} shapeRendering="crispEdges">
			<rect className="qr-light" width={drawn.size} height={drawn.size} />
			<path className="qr-dark" d={drawn.path} />
		</svg>
	);
}
