import type { View } from "../api/result";

/* Over the preview: how large the person should be, and where the walk goes. In units of 100 by the picture's height. */

const front = "M0 -44a7 7 0 1 0 .1 0M-1 -29h2c9 0 11 5 12 10l3 20h-5l-3-16-1 18 2 44h-7l-2-40-2 40h-7l2-44-1-18-3 16h-5l3-20c1-5 3-10 12-10z";
const side = "M1 -44a7 7 0 1 0 .1 0M-2 -29c6-1 9 3 9 10l6 14-4 3-7-13 0 14 9 20 1 22 5 0 0 5-11 0-2-24-9-17-4 16-9 19-6-4 8-18 4-19-1-16-6 11-5-2 7-17c1-3 2-4 5-4z";

function Body({ d, x, y, height, faint }: { d: string; x: number; y: number; height: number; faint?: boolean }) {
	return (
		<g transform={`translate(${x} ${y}) scale(${height / 90})`} className={faint ? "guide-body faint" : "guide-body"}>
			<path d={d} className="guide-shade" />
			<path d={d} className="guide-line" />
		</g>
	);
}

export function Guide({ view, width, height }: { view: View; width: number; height: number }) {
	const w = (100 * width) / height;
	return (
		<svg className="guide" viewBox={`0 0 ${w} 100`} aria-hidden="true">
			{view === "side" ? (
				<>
					<Body d={side} x={w / 2} y={48} height={60} />
					<path className="guide-shade" d={`M${0.1 * w} 88H${0.9 * w}M${0.9 * w - 4} 84l4 4-4 4`} />
					<path className="guide-line" d={`M${0.1 * w} 88H${0.9 * w}M${0.9 * w - 4} 84l4 4-4 4`} />
				</>
			) : (
				<>
					<Body d={front} x={w / 2} y={44} height={30} faint />
					<Body d={front} x={w / 2} y={48} height={78} />
					<path className="guide-shade" d={`M${w / 2} 90v6M${w / 2 - 3} 93l3 3 3-3`} />
					<path className="guide-line" d={`M${w / 2} 90v6M${w / 2 - 3} 93l3 3 3-3`} />
				</>
			)}
		</svg>
	);
}
