-- What may not be deleted until a compliance officer lifts it. An expansion; what destroys is refused here, so that earlier programs
-- and SQL by hand obey too.
-- serves from schema 1 on

-- All that is given must fit; null fits everything.
CREATE TABLE deletion_denial (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  person uuid,                                          -- who wrote it
  room uuid,
  category uuid,                                        -- of the room at this moment
  from_at timestamptz(3),
  until_at timestamptz(3),                              -- without it
  reason text NOT NULL,
  by uuid NOT NULL,
  at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  lifted_by uuid,
  lifted_at timestamptz(3),
  lift_reason text,
  CHECK (num_nonnulls(person, room, category, from_at, until_at) > 0),
  CHECK (from_at < until_at)
);
CREATE INDEX deletion_denial_open ON deletion_denial (id) WHERE lifted_at IS NULL;

-- A denial is set, and lifted once; neither leaves the audit record out, whoever does it. That is all that happens to it.
CREATE FUNCTION keep_denial() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE as_set deletion_denial; iso text := 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';
BEGIN
  IF TG_OP = 'INSERT' THEN
    -- Behind all that is being deleted.
    PERFORM pg_advisory_xact_lock(7, 0);
    IF num_nonnulls(NEW.lifted_by, NEW.lifted_at, NEW.lift_reason) > 0 THEN
      RAISE EXCEPTION 'A denial is set before it is lifted.' USING ERRCODE = 'insufficient_privilege';
    END IF;
  ELSIF TG_OP = 'UPDATE' THEN
    as_set := NEW;
    as_set.lifted_by := NULL; as_set.lifted_at := NULL; as_set.lift_reason := NULL;
    IF as_set IS DISTINCT FROM OLD OR num_nulls(NEW.lifted_by, NEW.lifted_at, NEW.lift_reason) > 0 THEN
      RAISE EXCEPTION 'A denial stays as it was set. It may be lifted, once, with who does it, when and why.' USING ERRCODE = 'insufficient_privilege';
    END IF;
  ELSE
    RAISE EXCEPTION 'Denials stay where they are, lifted or not: % is refused.', TG_OP USING ERRCODE = 'insufficient_privilege';
  END IF;
  INSERT INTO audit (actor, action, subject, detail) VALUES (
    CASE TG_OP WHEN 'INSERT' THEN NEW."by" ELSE NEW.lifted_by END, CASE TG_OP WHEN 'INSERT' THEN 'denial.add' ELSE 'denial.lift' END,
    NEW.id::text, jsonb_strip_nulls(jsonb_build_object('person', NEW.person, 'room', NEW.room, 'category', NEW.category,
      'from', to_char(NEW.from_at AT TIME ZONE 'UTC', iso), 'until', to_char(NEW.until_at AT TIME ZONE 'UTC', iso),
      'reason', CASE TG_OP WHEN 'INSERT' THEN NEW.reason ELSE NEW.lift_reason END)));
  RETURN NEW;
END $$;
CREATE TRIGGER denial_keeps BEFORE INSERT OR UPDATE OR DELETE ON deletion_denial FOR EACH ROW EXECUTE FUNCTION keep_denial();
CREATE TRIGGER denials_keep BEFORE TRUNCATE ON deletion_denial FOR EACH STATEMENT EXECUTE FUNCTION keep_denial();

-- What the service that moves events last said of the archive, which servers may not reach.
CREATE TABLE compliance_report (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  at timestamptz(3) NOT NULL,
  report jsonb NOT NULL
);

-- How far the room was looked through for what may go, how much of it stays, and when it is looked through again.
ALTER TABLE purge ADD COLUMN after_seq bigint NOT NULL DEFAULT 0;
ALTER TABLE purge ADD COLUMN denied bigint NOT NULL DEFAULT 0;
ALTER TABLE purge ADD COLUMN look_at timestamptz(3);

CREATE FUNCTION refuse_denied(denial uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF denial IS NULL THEN RETURN; END IF;
  RAISE EXCEPTION 'A compliance officer has denied that this is deleted, replaced or moved to another category (denial %). Only compliance officers may lift that: ask one.', denial
    USING ERRCODE = 'PCDNY', DETAIL = denial::text;
END $$;

-- The denial under which one thing stands, by who brought it, where and when; null: none.
-- VOLATILE, as all that follow: each statement inside sees what was committed before it, also where the one outside waited.
CREATE FUNCTION denial_of(by_whom uuid, in_room uuid, instant timestamptz) RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT d.id FROM deletion_denial d WHERE d.lifted_at IS NULL AND (d.person IS NULL OR d.person = by_whom)
     AND (d.room IS NULL OR d.room = in_room)
     AND (d.category IS NULL OR d.category = (SELECT category FROM room_head WHERE room = in_room))
     AND (d.from_at IS NULL OR instant >= d.from_at) AND (d.until_at IS NULL OR instant < d.until_at) LIMIT 1);
END $$;

-- That of a message of a room from `low` up to `high` without it, or of one of its files; of the denials that are among `known`, or of
-- those that are not; one pass for all of them. `moves`: only those that hold through the category that it leaves.
CREATE FUNCTION denied_among(files boolean, in_room uuid, in_category uuid, low bigint, high bigint, moves boolean, known uuid[], among boolean)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE hit record; found_one uuid;
BEGIN
  LOOP
    PERFORM FROM deletion_denial x WHERE x.lifted_at IS NULL AND (x.room IS NULL OR x.room = in_room)
        AND (x.category IS NULL OR x.category = in_category) AND (NOT moves OR x.category IS NOT NULL) AND (x.id = ANY (known)) = among LIMIT 1;
    IF NOT FOUND OR low >= high THEN RETURN NULL; END IF;
    WITH fits AS MATERIALIZED (
      SELECT x.person, tstzrange(x.from_at, x.until_at) AS period FROM deletion_denial x
       WHERE x.lifted_at IS NULL AND (x.room IS NULL OR x.room = in_room)
         AND (x.category IS NULL OR x.category = in_category) AND (NOT moves OR x.category IS NOT NULL) AND (x.id = ANY (known)) = among),
    people AS MATERIALIZED (SELECT f.person, range_agg(f.period) AS periods FROM fits f WHERE f.person IS NOT NULL GROUP BY f.person)
    SELECT m.author, m.at INTO hit FROM (
      SELECT y.author, y.at FROM message y WHERE NOT files AND y.room = in_room AND y.seq >= low AND y.seq < high AND y.text IS NOT NULL
      UNION ALL
      SELECT y.author, coalesce(y.posted_at, y.created_at) FROM file y
       WHERE files AND y.room = in_room AND y.body IS NOT NULL AND y.state <> 'uploading' OFFSET 0) m
      LEFT JOIN people p ON p.person = m.author
     WHERE m.at <@ p.periods OR m.at <@ (SELECT range_agg(f.period) FROM fits f WHERE f.person IS NULL) LIMIT 1;
    IF hit.author IS NULL THEN RETURN NULL; END IF;
    SELECT x.id INTO found_one FROM deletion_denial x WHERE x.lifted_at IS NULL AND (x.room IS NULL OR x.room = in_room)
        AND (x.category IS NULL OR x.category = in_category) AND (NOT moves OR x.category IS NOT NULL) AND (x.id = ANY (known)) = among
        AND (x.person IS NULL OR x.person = hit.author) AND (x.from_at IS NULL OR hit.at >= x.from_at) AND (x.until_at IS NULL OR hit.at < x.until_at)
      ORDER BY x.at, x.id LIMIT 1;
    IF FOUND THEN RETURN found_one; END IF;
    -- Lifted while it was looked: the pass ended at the first hit, and behind it another denial may hold something.
  END LOOP;
END $$;

-- How far a room was looked through before its lock was taken. Whoever writes here looks: what he gives but room, `low` and `high` counts
-- for nothing. It is true from then on: of messages that were there nobody changes who wrote them and when, and denials only come, or end.
CREATE TABLE denial_look (
  room uuid PRIMARY KEY REFERENCES room ON DELETE CASCADE,
  low bigint NOT NULL,
  high bigint NOT NULL,                                 -- without it
  category uuid NOT NULL,
  denials uuid[] NOT NULL,                              -- that were open
  denial uuid                                           -- under which a message between the two stands
);
CREATE FUNCTION look_for_denial() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- In this order: what comes between two of these is looked at again.
  SELECT h.category, least(NEW.high, h.last_seq + 1, (SELECT coalesce(max(m.seq), 0) + 1 FROM message m WHERE m.room = NEW.room))
    INTO STRICT NEW.category, NEW.high FROM room_head h WHERE h.room = NEW.room;
  SELECT coalesce(array_agg(d.id), '{}') INTO NEW.denials FROM deletion_denial d WHERE d.lifted_at IS NULL;
  NEW.denial := denied_among(false, NEW.room, NEW.category, NEW.low, NEW.high, false, '{}', false);
  RETURN NEW;
END $$;
CREATE TRIGGER denied_look BEFORE INSERT OR UPDATE ON denial_look FOR EACH ROW EXECUTE FUNCTION look_for_denial();

-- The denial under which something of a room stands; null: none. Messages from `low` up to `high` without it, files and the room itself
-- where it is about the whole of it. What was looked at before is not looked at again.
CREATE FUNCTION denial_in_room(in_room uuid, in_category uuid, low bigint, high bigint, whole boolean, moves boolean) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE found_one uuid; looked denial_look;
BEGIN
  PERFORM FROM deletion_denial x WHERE x.lifted_at IS NULL LIMIT 1;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF whole THEN
    SELECT x.id INTO found_one FROM deletion_denial x WHERE x.lifted_at IS NULL AND x.room = in_room
       AND (x.category IS NULL OR x.category = in_category) AND (NOT moves OR x.category IS NOT NULL)
       AND num_nonnulls(x.person, x.from_at, x.until_at) = 0 ORDER BY x.at, x.id LIMIT 1;
    IF FOUND THEN RETURN found_one; END IF;
    found_one := denied_among(true, in_room, in_category, 0, 1, moves, '{}', false);
    IF found_one IS NOT NULL THEN RETURN found_one; END IF;
  END IF;
  SELECT * INTO looked FROM denial_look l WHERE l.room = in_room AND l.category = in_category AND l.denial IS NULL
     AND l.low <= denial_in_room.low;
  IF NOT FOUND THEN RETURN denied_among(false, in_room, in_category, low, high, moves, '{}', false); END IF;
  found_one := denied_among(false, in_room, in_category, low, high, moves, looked.denials, false);
  IF found_one IS NOT NULL THEN RETURN found_one; END IF;
  RETURN denied_among(false, in_room, in_category, greatest(low, looked.high), high, moves, looked.denials, true);
END $$;

-- Before each look. A transaction that sees only what stood at its begin would not see a denial that was answered since.
CREATE FUNCTION hold_denials() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'At % it is not seen what compliance officers deny meanwhile. Delete and change at READ COMMITTED.',
      upper(current_setting('transaction_isolation')) USING ERRCODE = 'feature_not_supported';
  END IF;
  PERFORM pg_advisory_xact_lock_shared(7, 0);
END $$;

-- The lock before the look: whoever sets a denial waits for what is being deleted, and whoever deletes after him sees it.
CREATE FUNCTION denied_messages() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE found_one uuid;
BEGIN
  PERFORM hold_denials();
  PERFORM FROM deletion_denial WHERE lifted_at IS NULL LIMIT 1;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF TG_OP = 'DELETE' THEN
    SELECT d.id INTO found_one FROM gone g LEFT JOIN room_head h ON h.room = g.room JOIN deletion_denial d
        ON d.lifted_at IS NULL AND (d.person IS NULL OR d.person = g.author) AND (d.room IS NULL OR d.room = g.room)
       AND (d.category IS NULL OR d.category = h.category) AND (d.from_at IS NULL OR g.at >= d.from_at) AND (d.until_at IS NULL OR g.at < d.until_at)
     WHERE g.text IS NOT NULL LIMIT 1;
  ELSE
    SELECT d.id INTO found_one FROM gone g JOIN new_one n USING (room, seq) LEFT JOIN room_head h ON h.room = g.room JOIN deletion_denial d
        ON d.lifted_at IS NULL AND (d.person IS NULL OR d.person = g.author) AND (d.room IS NULL OR d.room = g.room)
       AND (d.category IS NULL OR d.category = h.category) AND (d.from_at IS NULL OR g.at >= d.from_at) AND (d.until_at IS NULL OR g.at < d.until_at)
     WHERE g.text IS NOT NULL AND (n.text, n.title, n.file) IS DISTINCT FROM (g.text, g.title, g.file) LIMIT 1;
  END IF;
  PERFORM refuse_denied(found_one);
  RETURN NULL;
END $$;
CREATE TRIGGER denied_deletion AFTER DELETE ON message REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION denied_messages();
CREATE TRIGGER denied_change AFTER UPDATE ON message REFERENCING OLD TABLE AS gone NEW TABLE AS new_one
  FOR EACH STATEMENT EXECUTE FUNCTION denied_messages();

-- Whoever wrote it elsewhere, or at another time, would be held no more. No program changes that of a message.
CREATE FUNCTION denied_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM hold_denials();
  PERFORM refuse_denied(denial_of(OLD.author, OLD.room, OLD.at));
  RETURN NEW;
END $$;
CREATE TRIGGER denied_place BEFORE UPDATE OF room, seq, author, at ON message FOR EACH ROW
  WHEN (OLD.text IS NOT NULL AND (NEW.room, NEW.seq, NEW.author, NEW.at) IS DISTINCT FROM (OLD.room, OLD.seq, OLD.author, OLD.at))
  EXECUTE FUNCTION denied_place();

CREATE FUNCTION denied_clear() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM hold_denials();
  PERFORM refuse_denied(denial_in_room(NEW.room, OLD.category, OLD.first_seq, NEW.first_seq, false, false));
  RETURN NEW;
END $$;
CREATE TRIGGER denied_clear BEFORE UPDATE OF first_seq ON room_head FOR EACH ROW WHEN (NEW.first_seq > OLD.first_seq)
  EXECUTE FUNCTION denied_clear();

-- What a denial of its category holds would be free in the next one.
CREATE FUNCTION denied_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM hold_denials();
  PERFORM refuse_denied(denial_in_room(NEW.room, OLD.category, 1, 9223372036854775807, true, true));
  RETURN NEW;
END $$;
CREATE TRIGGER denied_move BEFORE UPDATE OF category ON room_head FOR EACH ROW WHEN (NEW.category IS DISTINCT FROM OLD.category)
  EXECUTE FUNCTION denied_move();

-- It says in which category the room is.
CREATE FUNCTION denied_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM hold_denials();
  PERFORM refuse_denied(denial_in_room(OLD.room, OLD.category, 1, 9223372036854775807, true, false));
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER denied_deletion BEFORE DELETE ON room_head FOR EACH ROW EXECUTE FUNCTION denied_head();
CREATE TRIGGER denied_place BEFORE UPDATE OF room ON room_head FOR EACH ROW WHEN (NEW.room <> OLD.room) EXECUTE FUNCTION denied_head();

CREATE FUNCTION denied_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM hold_denials();
  PERFORM refuse_denied(denial_in_room(OLD.id, (SELECT category FROM room_head WHERE room = OLD.id), 1, 9223372036854775807, true, false));
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER denied_mark BEFORE UPDATE OF deleted_at ON room FOR EACH ROW
  WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION denied_room();
CREATE TRIGGER denied_deletion BEFORE DELETE ON room FOR EACH ROW EXECUTE FUNCTION denied_room();

CREATE FUNCTION denied_category() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM hold_denials();
  PERFORM refuse_denied((SELECT id FROM deletion_denial WHERE lifted_at IS NULL AND category = OLD.id LIMIT 1));
  RETURN OLD;
END $$;
CREATE TRIGGER denied_deletion BEFORE DELETE ON category FOR EACH ROW EXECUTE FUNCTION denied_category();

-- Bytes: a file lets go of its body, or is forgotten, or would be held no more. Its post alone says when it was posted, once.
CREATE FUNCTION denied_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM hold_denials();
  PERFORM refuse_denied(denial_of(OLD.author, OLD.room, coalesce(OLD.posted_at, OLD.created_at)));
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE FUNCTION denied_posting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM repeat r WHERE r.room = OLD.room AND r.author = OLD.author AND r.client_id = OLD.client_id AND r.at = NEW.posted_at;
  IF FOUND THEN RETURN NEW; END IF;
  PERFORM hold_denials();
  PERFORM refuse_denied(denial_of(OLD.author, OLD.room, OLD.created_at));
  RETURN NEW;
END $$;
CREATE TRIGGER denied_change BEFORE UPDATE OF id, room, author, name, size, body, state, seq, posted_at, created_at ON file FOR EACH ROW
  WHEN (OLD.state <> 'uploading' AND ((NEW.body IS DISTINCT FROM OLD.body AND OLD.body IS NOT NULL) OR NEW.state = 'uploading'
    OR (NEW.id, NEW.room, NEW.author, NEW.name, NEW.size, NEW.created_at)
       IS DISTINCT FROM (OLD.id, OLD.room, OLD.author, OLD.name, OLD.size, OLD.created_at)
    OR (OLD.seq IS NOT NULL AND NEW.seq IS DISTINCT FROM OLD.seq)
    OR (OLD.posted_at IS NOT NULL AND NEW.posted_at IS DISTINCT FROM OLD.posted_at)))
  EXECUTE FUNCTION denied_file();
CREATE TRIGGER denied_posting BEFORE UPDATE OF posted_at ON file FOR EACH ROW
  WHEN (OLD.state <> 'uploading' AND OLD.posted_at IS NULL AND NEW.posted_at IS NOT NULL) EXECUTE FUNCTION denied_posting();
CREATE TRIGGER denied_deletion BEFORE DELETE ON file FOR EACH ROW WHEN (OLD.state <> 'uploading') EXECUTE FUNCTION denied_file();

-- Where they are in the file store. Only another object that was just put there may take the place of one (pchat files rekey).
CREATE FUNCTION denied_piece() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (NEW.body, NEW.start, NEW.size) = (OLD.body, OLD.start, OLD.size) THEN
    PERFORM FROM file_garbage g WHERE g.key = NEW.key AND NOT g.taken;
    IF FOUND THEN RETURN NEW; END IF;
  END IF;
  PERFORM hold_denials();
  PERFORM FROM deletion_denial WHERE lifted_at IS NULL LIMIT 1;
  IF FOUND THEN
    PERFORM refuse_denied((SELECT x.denial FROM (
      SELECT denial_of(f.author, f.room, coalesce(f.posted_at, f.created_at)) AS denial FROM file f
       WHERE f.body = OLD.body AND f.state <> 'uploading') x WHERE x.denial IS NOT NULL LIMIT 1));
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER denied_deletion BEFORE DELETE ON file_piece FOR EACH ROW EXECUTE FUNCTION denied_piece();
CREATE TRIGGER denied_change BEFORE UPDATE OF body, start, size, key ON file_piece FOR EACH ROW
  WHEN ((NEW.body, NEW.start, NEW.size, NEW.key) IS DISTINCT FROM (OLD.body, OLD.start, OLD.size, OLD.key)) EXECUTE FUNCTION denied_piece();

-- Tables are emptied row by row meanwhile, or not at all.
CREATE FUNCTION denied_emptying() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM hold_denials();
  PERFORM refuse_denied((SELECT id FROM deletion_denial WHERE lifted_at IS NULL LIMIT 1));
  RETURN NULL;
END $$;

-- Also where triggers are otherwise off.
DO $$
DECLARE one text; t record;
BEGIN
  FOREACH one IN ARRAY '{message,file,file_piece,room_head,room,category}'::text[] LOOP
    EXECUTE format('CREATE TRIGGER denied_emptying BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION denied_emptying()', one);
  END LOOP;
  FOR t IN SELECT tgname, tgrelid::regclass AS relation FROM pg_trigger
            WHERE NOT tgisinternal AND (starts_with(tgname, 'denied_') OR tgrelid = 'deletion_denial'::regclass) LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', t.relation, t.tgname);
  END LOOP;
END $$;
