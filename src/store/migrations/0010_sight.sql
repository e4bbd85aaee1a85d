-- Questions of administrators: how much a room holds, and simulations of a scope. An expansion: earlier programs go on beside it.
-- serves from schema 1 on

-- What the kept messages of a room take, counted up to a place and under a revision of the room. The store counts on from there.
CREATE TABLE room_size (
  room uuid PRIMARY KEY REFERENCES room ON DELETE CASCADE,
  through_seq bigint NOT NULL,
  revision bigint NOT NULL,
  messages bigint NOT NULL,
  bytes bigint NOT NULL
);

-- Kept for minutes, so that any process of the pool can be asked how far one is. Unlogged: what a crash takes is asked for again.
CREATE UNLOGGED TABLE simulation (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  asker uuid NOT NULL,
  category uuid NOT NULL,
  state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'failed')),
  progress real NOT NULL DEFAULT 0,
  result jsonb,
  reason text,
  asked_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),  -- when the asker last looked
  beat_at timestamptz(3) NOT NULL DEFAULT clock_timestamp()    -- when the process that runs it was last alive
);
