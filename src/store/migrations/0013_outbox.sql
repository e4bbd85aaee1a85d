-- What compliance has to record, in the transaction of what it records. Empty and unused until compliance is switched on.
-- serves from schema 1 on

-- Whether what happens is recorded: read in the transaction of what happens, so that no server can be late.
ALTER TABLE pool ADD COLUMN recording boolean NOT NULL DEFAULT false;
-- Adapters, bounds of the outbox (store/compliance.ts).
ALTER TABLE pool ADD COLUMN compliance jsonb NOT NULL DEFAULT '{}';

-- The version of the settings under which a process records what happens there; 0 where it does not, as one of an older program.
ALTER TABLE server_process ADD COLUMN records bigint NOT NULL DEFAULT 0;

CREATE TABLE outbox (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  at timestamptz(3) NOT NULL,
  kind text NOT NULL,
  room uuid,
  position bigint,
  data json NOT NULL
);
CREATE INDEX outbox_at ON outbox (at);
-- A queue: rows go as fast as they come.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
  autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000);

-- People and rooms as they are called at this moment. Of many at once by a join: a call for each row costs more than the row.
CREATE FUNCTION recorded_actors(people uuid[]) RETURNS TABLE (id uuid, actor json) LANGUAGE sql STABLE AS $$
  SELECT p.id, json_strip_nulls(json_build_object('id', p.id, 'name', p.name, 'displayName', p.display_name, 'email', p.email))
    FROM principal p WHERE p.id = ANY (people)
$$;
CREATE FUNCTION recorded_rooms(rooms uuid[]) RETURNS TABLE (id uuid, room json) LANGUAGE sql STABLE AS $$
  SELECT r.id, json_build_object('id', r.id, 'name', r.name, 'uri', 'ma-chan://' || coalesce(pool.settings->>'domain', '') || '/' || r.id,
         'category', c.name, 'type', r.type, 'privacy', r.privacy, 'logged', c.chat_history)
    FROM room r JOIN room_head h ON h.room = r.id JOIN category c ON c.id = h.category CROSS JOIN pool
   WHERE r.id = ANY (rooms)
$$;
CREATE FUNCTION recorded_actor(person uuid) RETURNS json LANGUAGE sql STABLE AS $$
  -- Whoever works on the machine stands in no table (domain/operator).
  SELECT CASE WHEN person = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
         THEN json_build_object('id', person, 'name', 'operator', 'displayName', 'Operator')
         ELSE (SELECT actor FROM recorded_actors(ARRAY[person])) END
$$;
CREATE FUNCTION recorded_room(one uuid) RETURNS json LANGUAGE sql STABLE AS $$
  SELECT room FROM recorded_rooms(ARRAY[one])
$$;

-- Every row of the audit record: settings, scopes, lists, what administrators did, whichever way it was written.
CREATE FUNCTION record_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT recording FROM pool) THEN
    INSERT INTO outbox (at, kind, data) VALUES (clock_timestamp(), 'change', json_build_object(
      'actor', recorded_actor(NEW.actor), 'action', NEW.action, 'subject', NEW.subject, 'detail', NEW.detail));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER recorded AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION record_audit();

CREATE FUNCTION record_sign_in() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT recording FROM pool) THEN
    INSERT INTO outbox (at, kind, data) VALUES (NEW.at, 'sign-in', json_build_object(
      'actor', recorded_actor(NEW.principal), 'address', NEW.address, 'method', NEW.method, 'outcome', NEW.outcome,
      'session', NEW.session));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER recorded AFTER INSERT ON sign_in FOR EACH ROW EXECUTE FUNCTION record_sign_in();

-- Who is in which rooms over which connection, while compliance is on: whoever finds a server dead writes who left with it.
CREATE TABLE attendance (
  live uuid PRIMARY KEY,
  member uuid NOT NULL,
  principal uuid NOT NULL,
  session uuid NOT NULL,
  rooms uuid[] NOT NULL
);
CREATE INDEX attendance_member ON attendance (member);

-- When recording began and ended, whoever switched it, by SQL too: what lies between is compared with the archive. No post is
-- under way meanwhile, so that a post's own time says on which side of it it stands.
CREATE FUNCTION await_posts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(2, 0);
  RETURN NULL;
END $$;
CREATE TRIGGER recording_alone BEFORE UPDATE OF recording ON pool FOR EACH STATEMENT EXECUTE FUNCTION await_posts();
CREATE FUNCTION record_recording() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox (at, kind, data) VALUES (clock_timestamp(), 'recording',
    json_build_object('actor', NULL, 'on', NEW.recording, 'databaseUser', session_user));
  RETURN NULL;
END $$;
CREATE TRIGGER recording_switched AFTER UPDATE OF recording ON pool FOR EACH ROW
  WHEN (OLD.recording IS DISTINCT FROM NEW.recording) EXECUTE FUNCTION record_recording();
