-- The Central Management Store: every topology that was published, for good.

DO $$ BEGIN
  IF current_setting('server_encoding') <> 'UTF8' THEN
    RAISE EXCEPTION 'The Central Management Store needs a database in UTF8, not %', current_setting('server_encoding');
  END IF;
END $$;

CREATE TABLE central (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  made_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO central DEFAULT VALUES;

CREATE TABLE publication (
  version integer PRIMARY KEY CHECK (version > 0),
  -- What its author had before him. With the reference no version can be left out, by whoever inserts.
  based_on integer REFERENCES publication CHECK (coalesce(based_on, 0) = version - 1),
  -- Whose text it brings back.
  restores integer REFERENCES publication CHECK (restores < version),
  document text NOT NULL,
  -- SHA-256 of the document in UTF-8, hexadecimal
  hash text NOT NULL,
  -- as the program says, and as the database knows
  author text NOT NULL,
  role text NOT NULL,
  note text NOT NULL DEFAULT '',
  at timestamptz NOT NULL,
  -- Tells two publications of one version apart, where a store was restored in between.
  mark uuid NOT NULL UNIQUE
);

-- A store that was restored from an older copy is the one to follow from here on: an administrator has said so.
CREATE TABLE adoption (
  number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- the newest one at that time
  version integer NOT NULL REFERENCES publication,
  author text NOT NULL,
  role text NOT NULL,
  note text NOT NULL DEFAULT '',
  at timestamptz NOT NULL,
  mark uuid NOT NULL UNIQUE
);

CREATE FUNCTION number_publication() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Whoever publishes at the same moment waits here, and then sees what was published.
  PERFORM pg_advisory_xact_lock(9, 3);
  NEW.version := coalesce(NEW.based_on, 0) + 1;
  NEW.hash := encode(sha256(convert_to(NEW.document, 'UTF8')), 'hex');
  NEW.role := session_user;
  NEW.at := clock_timestamp();
  NEW.mark := gen_random_uuid();
  RETURN NEW;
END $$;
CREATE TRIGGER publication_number BEFORE INSERT ON publication FOR EACH ROW EXECUTE FUNCTION number_publication();

CREATE FUNCTION sign_adoption() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(9, 3);
  NEW.role := session_user;
  NEW.at := clock_timestamp();
  NEW.mark := gen_random_uuid();
  RETURN NEW;
END $$;
CREATE TRIGGER adoption_sign BEFORE INSERT ON adoption FOR EACH ROW EXECUTE FUNCTION sign_adoption();

-- A hint for who follows; each looks by himself, too.
CREATE FUNCTION tell_followers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NOTIFY publication;
  RETURN NULL;
END $$;
CREATE TRIGGER publication_told AFTER INSERT ON publication FOR EACH STATEMENT EXECUTE FUNCTION tell_followers();
CREATE TRIGGER adoption_told AFTER INSERT ON adoption FOR EACH STATEMENT EXECUTE FUNCTION tell_followers();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is only added to', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER publication_stays BEFORE UPDATE OR DELETE ON publication FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER publication_whole BEFORE TRUNCATE ON publication FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER adoption_stays BEFORE UPDATE OR DELETE ON adoption FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER adoption_whole BEFORE TRUNCATE ON adoption FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER central_stays BEFORE UPDATE OR DELETE ON central FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER central_whole BEFORE TRUNCATE ON central FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
