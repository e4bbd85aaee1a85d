-- The PersistentChatComplianceStore: what happened, for good.

CREATE TABLE archive (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  made_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO archive DEFAULT VALUES;

-- One batch a commit: its entries are the leaves of a tree, its head names the head before.
CREATE TABLE batch (
  number bigint PRIMARY KEY,
  first_seq bigint NOT NULL,
  last_seq bigint NOT NULL CHECK (last_seq >= first_seq),
  root bytea NOT NULL,
  previous bytea NOT NULL,
  fence bigint NOT NULL,
  at text NOT NULL,
  hash bytea NOT NULL,
  signature text NOT NULL
);
CREATE INDEX batch_last ON batch (last_seq);

CREATE TABLE entry (
  seq bigint PRIMARY KEY,
  event uuid NOT NULL,
  at timestamptz NOT NULL,
  kind text NOT NULL,
  room uuid,
  position bigint,
  person uuid,
  -- what was hashed, to the letter
  text text NOT NULL
);
-- What was moved before it could be deleted there is known again.
CREATE UNIQUE INDEX entry_event ON entry (event);
CREATE INDEX entry_room ON entry (room, position) WHERE room IS NOT NULL;
CREATE INDEX entry_person ON entry (person, seq) WHERE person IS NOT NULL;
-- Entries come nearly in the order of time.
CREATE INDEX entry_at ON entry USING brin (at) WITH (pages_per_range = 32);

-- Small numbers for formats that have no others: given once, kept.
CREATE TABLE person_number (
  person uuid PRIMARY KEY,
  number integer NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is only added to', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER entry_stays BEFORE UPDATE OR DELETE ON entry FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entry_whole BEFORE TRUNCATE ON entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER batch_stays BEFORE UPDATE OR DELETE ON batch FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER batch_whole BEFORE TRUNCATE ON batch FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Who moves events now. The number rises with each that begins; an append of an older one is refused.
CREATE TABLE mover (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  fence bigint NOT NULL DEFAULT 0,
  holder text NOT NULL DEFAULT '',
  until timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO mover DEFAULT VALUES;

-- Each adapter's own place. Where a batch ends is noted before it is written, so that a retry writes the same one.
CREATE TABLE adapter (
  name text PRIMARY KEY,
  done_seq bigint NOT NULL DEFAULT 0,
  begun_at timestamptz NOT NULL DEFAULT now(),
  done_at timestamptz,
  through_seq bigint,
  failures integer NOT NULL DEFAULT 0,
  last_error text
);

-- Documented and read-only: docs/compliance.md.
CREATE VIEW archived_event AS
  SELECT seq, event, at, kind, room, position, person, (text::json)->'data' AS data FROM entry;
