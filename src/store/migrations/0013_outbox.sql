-- What compliance has to record, in the transaction of what it records. Empty and unused until compliance is switched on.
-- serves from schema 1 on

CREATE TABLE outbox (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  at timestamptz NOT NULL,
  kind text NOT NULL,
  room uuid,
  position bigint,
  data json NOT NULL
);
CREATE INDEX outbox_at ON outbox (at);
-- A queue: rows go as fast as they come.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000);
