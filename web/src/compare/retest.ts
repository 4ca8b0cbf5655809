/* How much a measurement differs between two visits of a person in whom nothing changed: the standard error of measurement (SEM) of
 * published test-retest studies, docs/gait-methods.md, section 10. There is none of gaitd itself yet, so these are other instruments' and,
 * where there was a choice, the larger ones. What has no row is not judged: nothing is made up. */

export interface Retest {
	sem: number; // in the parameter's unit, or a share of its value
	relative: boolean;
	source: keyof typeof sources;
}

export const sources = {
	stroke: "Sensors 2020, 20:4866, table 3 (adults after a stroke, body-worn sensors)",
	adults: "JKEMA 9(2):208, table 1 (40 healthy adults)",
	video: "Lin et al. 2023, Frontiers in Pediatrics 11 (28 children, from video)",
	profile: "Everaert et al. 2024, Journal of Biomechanics (10 children with cerebral palsy)",
} as const;

const share = (sem: number): Retest => ({ sem, relative: true, source: "stroke" });
const points: Retest = { sem: 0.92, relative: false, source: "adults" }; // that of swing; stance is what is left of the stride
const angle: Retest = { sem: 2.91, relative: false, source: "video" }; // the largest of those of all joints

export const retest: Record<string, Retest> = {
	speed: share(0.106), speed_normalized: share(0.106),
	cadence: share(0.049), cadence_normalized: share(0.049),
	step_time: share(0.065), stride_time: share(0.065),
	step_length: share(0.098), step_length_normalized: share(0.098),
	stride_length: share(0.098), stride_length_normalized: share(0.098),
	walk_ratio: share(0.101),
	stance: points, swing: points, single_support: points,
	hip_range: angle, knee_range: angle, ankle_range: angle,
	gait_profile_score: { sem: 0.91, relative: false, source: "profile" },
};
