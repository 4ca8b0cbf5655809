#pragma once

/* Proportions of the body by age: a child is no small adult. Ages in months; NaN (unknown) is taken for an
 * adult. Source  head / height: Stratz 1909 (a quarter at birth, a fifth at 2 years, a sixth at 6, between a
 * seventh and an eighth when grown); sitting height / height: Fredriks 2005, both sexes' mean; adults:
 * Drillis & Contini 1966, Winter 2009, figure 4.1. */

/* Height of the eyes over the floor, standing, as a share of the body's height: 0.936 in adults. */
double anthropometry_eyes(double age_months);

/* Floor to hip joint, as a share of the height: 0.530 in adults. Hof's l0. */
double anthropometry_leg(double age_months);

/* Thigh and shank (hip joint to ankle joint), as a share of the height: 0.491 in adults. */
double anthropometry_thigh_and_shank(double age_months);
