#pragma once

/* Typical sagittal angles of an adult's free walk over the cycle, in radians; phase 0 is heel strike. */

double curve_thigh(double phase);      /* forward of the vertical positive */
double curve_knee(double phase);       /* flexion positive */
double curve_foot_pitch(double phase); /* toes up positive; exactly 0 while the foot is flat */
