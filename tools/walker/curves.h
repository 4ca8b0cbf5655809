#pragma once

/* Typical sagittal angles of an adult's free walk over the cycle, in radians; phase 0 is heel strike. */

double curve_thigh(double phase); /* forward of the vertical positive */
double curve_knee(double phase);  /* flexion positive */

/* How a foot meets the floor: with the heel, as most do; with the whole sole, as children do in their first
 * months of walking; with the toes, the heel never coming down. */
enum contact { CONTACT_HEEL, CONTACT_FLAT, CONTACT_TOE, CONTACT_COUNT };

/* Toes up positive; exactly 0 while the foot is flat. */
double curve_foot_pitch(double phase, enum contact contact);
