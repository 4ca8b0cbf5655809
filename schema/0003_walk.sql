-- How a walk was made: patient facts too, NULL where not given and once erased.

ALTER TABLE jobs ADD COLUMN walking_aid TEXT;
ALTER TABLE jobs ADD COLUMN orthosis TEXT;                         -- the leg or legs that wear one
ALTER TABLE jobs ADD COLUMN footwear TEXT;
