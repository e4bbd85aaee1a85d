-- What rooms and people did, by day, and counts that are too dear for each process to make. An expansion: earlier programs go on
-- beside it.
-- serves from schema 1 on

-- Posts by day (UTC), counted when the day is over; a day that stands in usage_day stands in the other two as well. No references:
-- what was done stays counted when a room is deleted.
CREATE TABLE usage_day (
  day date PRIMARY KEY,
  messages bigint NOT NULL,
  rooms int NOT NULL,
  users int NOT NULL
);
CREATE TABLE usage_room (
  day date NOT NULL,
  room uuid NOT NULL,
  messages int NOT NULL,
  PRIMARY KEY (day, room)
);
CREATE TABLE usage_user (
  day date NOT NULL,
  principal uuid NOT NULL,
  messages int NOT NULL,
  PRIMARY KEY (day, principal)
);
-- Weeks (from Monday) and months that are over: who was active on several of their days is one.
CREATE TABLE usage_span (
  unit text NOT NULL CHECK (unit IN ('week', 'month')),
  day date NOT NULL,                                    -- its first one
  rooms int NOT NULL,
  users int NOT NULL,
  PRIMARY KEY (unit, day)
);
-- The last of his days.
CREATE TABLE usage_last (
  principal uuid PRIMARY KEY,
  day date NOT NULL
);

-- Days from kept_day on are counted from `repeat`, which knows every post of 30 days, kept or not, removed since or not. What is
-- older is counted once, from the messages that are still there, in the order of their key.
CREATE TABLE usage_state (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  kept_day date NOT NULL,
  next_day date NOT NULL,                               -- the first one that is not counted yet, of those from kept_day on
  past_room uuid,                                       -- how far the older messages are counted; null: not begun
  past_seq bigint,
  past_done boolean NOT NULL DEFAULT false
);
INSERT INTO usage_state (kept_day, next_day)
SELECT day, day FROM (SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date - 29 AS day) d;

-- One row: made by whichever process finds it old.
CREATE TABLE pool_count (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  tried_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  took_ms int NOT NULL,
  at timestamptz(3),
  counts jsonb                                          -- null: it took too long so far
);
