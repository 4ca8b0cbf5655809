#pragma once

/* Left/right symmetry of one quantity; all in per cent, 0 is perfect; NaN where a side is unknown or zero. */

/* Symmetry index: 100 · (right - left) / mean. Source Robinson, Herzog & Nigg 1987. */
double symmetry_si(double left, double right);

/* Gait asymmetry: 100 · |ln(shorter / longer)|. Source Plotnik, Giladi & Hausdorff 2005. */
double symmetry_ga(double left, double right);

/* Symmetry angle: 100 · (45° - atan(left / right)) / 90°. Source Zifchock 2008. */
double symmetry_sa(double left, double right);
