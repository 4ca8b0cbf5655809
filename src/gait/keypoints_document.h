#pragma once

#include <stddef.h>

#include "base/err.h"
#include "gait/keypoints.h"

/**
 * keypoints_document() - append the frames of one JSON text that holds a whole video
 *
 * Three forms are told apart by what they hold:
 *   ours       {"fps":30,"width":1280,"height":720,"layout":"body_25","engine":"…",
 *               "frames":[{"people":[{"pose_keypoints_2d":[…]}]}, …]}
 *   MediaPipe  the same with "landmarks" in a frame: 33 objects {x, y, z, visibility, presence?}, or a list
 *              of such lists, one a person, or an empty list
 *   COCO       [{"image_id":"12.jpg" or 12,"category_id":1,"keypoints":[…],"score":…}, …], the results list
 *              of AlphaPose and MMPose, in any order; the number at the end of the image's name is the frame
 *
 * A frame of the first two may say its number, "frame", which counts from 0 and rises; numbers left out are
 * frames without people. COCO's numbers count from 0 too, unless all are KEYPOINTS_MAX_FRAMES or more: such
 * are ids, and the smallest is the first frame. What meta.json may say, the object may say as well
 * (keypoints_meta()), before or behind its frames.
 * @k      initialised; fps stays 0 where the document does not tell it. keypoints_end() has been done.
 * Errors  ERR_INVALID with the frame and the person (COCO: the entry) that is to blame; ERR_TOO_LARGE: more
 *         than KEYPOINTS_MAX_…; ERR_NOMEM. On failure nothing is added.
 * Source  COCO, "Results Format" (cocodataset.org, 2017); MediaPipe Pose Landmarker (2023)
 */
int keypoints_document(struct keypoints *k, const char *text, size_t len, struct err *e);
