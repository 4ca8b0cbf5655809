import type { ReactNode } from "react";

/* A table that becomes a list of cards where there is no room for columns: each value then says its column's name. */

export interface Column<R> {
	key: string;
	head: string;
	cell: (row: R) => ReactNode;
}

export function Table<R>({ caption, columns, rows, rowKey }: {
	caption: string; columns: Column<R>[]; rows: R[]; rowKey: (row: R) => string | number;
}) {
	const [first, ...others] = columns;
	return (
		<table className="listed">
			<caption className="hidden">{caption}</caption>
			<thead>
				<tr>{columns.map((c) => <th key={c.key} scope="col">{c.head}</th>)}</tr>
			</thead>
			<tbody>
				{rows.map((row) => (
					<tr key={rowKey(row)}>
						{first && <th scope="row" data-label={first.head}><div>{first.cell(row)}</div></th>}
						{others.map((c) => <td key={c.key} data-label={c.head}><div>{c.cell(row)}</div></td>)}
					</tr>
				))}
			</tbody>
		</table>
	);
}
