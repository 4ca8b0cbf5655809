#pragma once

#include "base/json.h"
#include "gait/analyze.h"

/* The parts of result.json (schema/result.schema.json) that the measurement fills. Each writes one member of
 * the root object; errors stay in the writer until json_w_end(). */
/* Who was measured: {"height_cm", "age_months", "sex", "walking_aid", …}, null for what is not known. */
void result_patient(struct json_w *w, const struct patient *p);
void result_quality(struct json_w *w, const struct analysis *a);
void result_events(struct json_w *w, const struct analysis *a);
void result_cycles(struct json_w *w, const struct analysis *a);
void result_parameters(struct json_w *w, const struct analysis *a);
/* Curves with their extremes and, where there is one for this person, the reference (result_curves.c). */
void result_curves(struct json_w *w, const struct analysis *a);
/* Gait Profile Score and Movement Analysis Profile (result_curves.c). */
void result_profile(struct json_w *w, const struct analysis *a);
/* Words for every flag and reason that this result uses: {"code": "text", …}. */
void result_texts(struct json_w *w, const struct analysis *a);
