-- PersistentChatStore. No foreign key leaves message, passing_message, repeat or change: its lock on principal would wait for
-- a directory sync. Rooms and people are never deleted while rows name them.

CREATE EXTENSION IF NOT EXISTS btree_gin;

-- One row. A restore changes epoch; clients then load anew.
CREATE TABLE pool (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  epoch uuid NOT NULL DEFAULT gen_random_uuid(),
  settings jsonb NOT NULL DEFAULT '{}',
  setup_token_hash bytea
);
INSERT INTO pool DEFAULT VALUES;

CREATE TABLE stamp (kind text PRIMARY KEY, version bigint NOT NULL);
INSERT INTO stamp VALUES ('directory', 1), ('settings', 1);
-- Versions of rooms (list_version) and of category scopes (scope_version) come from one counter, so that a moved room never goes back.
CREATE SEQUENCE access_version START 2;

------------------------------------------------------------------------------------------------ who people are
CREATE TABLE principal (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  kind text NOT NULL CHECK (kind IN ('user', 'group', 'organizationalUnit', 'domain')),
  name text NOT NULL,
  name_key text NOT NULL UNIQUE,
  display_name text NOT NULL,
  email text,
  parent uuid REFERENCES principal,                     -- its organisational unit
  implicit boolean NOT NULL DEFAULT false,              -- a domain that nobody created yet: made with its first user
  bot boolean NOT NULL DEFAULT false,
  administrator boolean NOT NULL DEFAULT false,
  disabled boolean NOT NULL DEFAULT false,
  password_hash text,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);
CREATE INDEX principal_parent ON principal (parent) WHERE parent IS NOT NULL;
CREATE INDEX principal_display ON principal (lower(display_name) text_pattern_ops);

CREATE TABLE group_member (
  grp uuid NOT NULL REFERENCES principal,
  member uuid NOT NULL REFERENCES principal,
  PRIMARY KEY (grp, member)
);
CREATE INDEX group_member_member ON group_member (member);

-- Flattened: each principal with itself, the groups that hold it at any depth, its chain of organisational units, a user's domain.
CREATE TABLE affiliation (
  member uuid NOT NULL,
  ancestor uuid NOT NULL,
  PRIMARY KEY (member, ancestor)
);
CREATE INDEX affiliation_ancestor ON affiliation (ancestor, member);

-- What a hub with an older directory version catches up from: whose rights may have changed. A group stands for all its members.
CREATE TABLE directory_change (
  version bigint NOT NULL,
  principal uuid NOT NULL,
  at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX directory_change_version ON directory_change (version);

-- scope: 'global', 'site:<name>' or the id of a principal
CREATE TABLE policy (
  scope text PRIMARY KEY,
  principal uuid UNIQUE REFERENCES principal,
  enabled boolean NOT NULL
);

CREATE TABLE session (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  principal uuid NOT NULL REFERENCES principal,
  token_hash bytea NOT NULL UNIQUE,                     -- SHA-256
  kind text NOT NULL CHECK (kind IN ('person', 'bot')),
  address text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  last_used_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3)                             -- null: does not end by itself (bots)
);
CREATE INDEX session_principal ON session (principal);

-- Kept by what was typed, whether or not such an account exists.
CREATE TABLE sign_in_failure (
  name_key text PRIMARY KEY,
  failures int NOT NULL,
  last_at timestamptz(3) NOT NULL,
  locked_until timestamptz(3)
);

------------------------------------------------------------------------------------------------ categories and rooms
-- Room and category names share one space.
CREATE TABLE taken_name (
  name_key text PRIMARY KEY,
  owner uuid NOT NULL UNIQUE
);

CREATE TABLE category (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  lock_key int NOT NULL UNIQUE GENERATED ALWAYS AS IDENTITY,  -- advisory locks want an int
  name text NOT NULL,
  description text NOT NULL DEFAULT '',
  invitations boolean NOT NULL DEFAULT false,
  file_upload boolean NOT NULL DEFAULT false,
  chat_history boolean NOT NULL DEFAULT true,
  version bigint NOT NULL DEFAULT 1,
  scope_version bigint NOT NULL DEFAULT nextval('access_version'),
  created_at timestamptz(3) NOT NULL DEFAULT now()
);

CREATE TABLE category_scope (
  principal uuid NOT NULL,
  category uuid NOT NULL REFERENCES category ON DELETE CASCADE,
  denied boolean NOT NULL,
  PRIMARY KEY (principal, category, denied)
);
CREATE INDEX category_scope_category ON category_scope (category);

CREATE TABLE category_creator (
  category uuid NOT NULL REFERENCES category ON DELETE CASCADE,
  principal uuid NOT NULL,
  PRIMARY KEY (category, principal)
);

CREATE TABLE room (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  name_key text NOT NULL,
  description text NOT NULL DEFAULT '',
  type text NOT NULL DEFAULT 'normal' CHECK (type IN ('normal', 'auditorium')),
  privacy text NOT NULL DEFAULT 'closed' CHECK (privacy IN ('open', 'closed', 'secret')),
  invitations text NOT NULL DEFAULT 'inherit' CHECK (invitations IN ('inherit', 'off')),
  all_members boolean NOT NULL DEFAULT false,           -- members null: everyone in scope
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  created_by uuid NOT NULL,
  deleted_at timestamptz(3)                             -- gone for everybody; its rows go later, in slices
);
CREATE INDEX room_name ON room (name_key, id) WHERE deleted_at IS NULL;

-- What a post changes. No index holds a column that a post changes, so these updates are HOT.
CREATE TABLE room_head (
  room uuid PRIMARY KEY REFERENCES room ON DELETE CASCADE,
  category uuid NOT NULL,                               -- no reference: the rows of a deleted room may outlive its category
  list_version bigint NOT NULL DEFAULT nextval('access_version'),  -- raised by a move, a list, type or privacy change, disabling
  disabled boolean NOT NULL DEFAULT false,
  last_seq bigint NOT NULL DEFAULT 0,
  first_seq bigint NOT NULL DEFAULT 1,
  revision bigint NOT NULL DEFAULT 0,
  last_at timestamptz(3) NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);
CREATE INDEX room_head_category ON room_head (category);

-- role: 0 member, 1 manager, 2 presenter
CREATE TABLE room_entry (
  room uuid NOT NULL REFERENCES room ON DELETE CASCADE,
  role smallint NOT NULL CHECK (role IN (0, 1, 2)),
  principal uuid NOT NULL,
  added_by uuid,
  added_at timestamptz(3) NOT NULL DEFAULT now(),
  invited boolean NOT NULL DEFAULT false,               -- the room sent invitations when this entry was added
  PRIMARY KEY (room, role, principal)
);
CREATE INDEX room_entry_principal ON room_entry (principal, role, room);

-- What one user keeps of one room.
CREATE TABLE room_user (
  member uuid NOT NULL,
  room uuid NOT NULL REFERENCES room ON DELETE CASCADE,
  followed boolean NOT NULL DEFAULT false,
  read_seq bigint NOT NULL DEFAULT 0,
  dismissed_at timestamptz(3),                          -- invitations up to this instant are answered
  PRIMARY KEY (member, room)
);
CREATE INDEX room_user_follower ON room_user (room) WHERE followed;

------------------------------------------------------------------------------------------------ messages
CREATE TABLE message (
  room uuid NOT NULL,
  seq bigint NOT NULL,
  author uuid NOT NULL,
  client_id uuid NOT NULL,
  at timestamptz(3) NOT NULL,
  format text NOT NULL DEFAULT 'plain',
  alert boolean NOT NULL DEFAULT false,
  title text,
  text text,                                            -- null: removed
  file jsonb,
  revision bigint NOT NULL DEFAULT 0,                   -- the room's revision that removed or replaced it; 0: as posted
  PRIMARY KEY (room, seq)
);
CREATE INDEX message_revision ON message (room, revision) WHERE revision > 0;
-- The pending list is flushed by a background loop, never by a post: with the default limit a batch stalls about 300 ms.
CREATE INDEX message_words ON message USING gin (room, to_tsvector('simple', coalesce(title || ' ', '') || text))
  WITH (gin_pending_list_limit = 65536);

-- Messages of categories without history, for hubs that missed the bus: partitions of a minute, dropped after 60 seconds.
CREATE TABLE passing_message (LIKE message INCLUDING DEFAULTS) PARTITION BY RANGE (at);
CREATE INDEX passing_message_key ON passing_message (room, seq);
CREATE TABLE passing_message_default PARTITION OF passing_message DEFAULT;

-- 30 days: partitions of a week, dropped, never deleted from. Not unique: the room's lock serialises.
CREATE TABLE repeat (
  room uuid NOT NULL,
  author uuid NOT NULL,
  client_id uuid NOT NULL,
  seq bigint NOT NULL,
  at timestamptz(3) NOT NULL,
  content bytea NOT NULL                                -- first 16 bytes of SHA-256 over what was posted
) PARTITION BY RANGE (at);
CREATE INDEX repeat_key ON repeat (room, author, client_id);
CREATE TABLE repeat_default PARTITION OF repeat DEFAULT;

-- For hubs that missed the bus; kept minutes. Read by snapshot, see store/change.ts.
CREATE TABLE change (
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  kind text NOT NULL CHECK (kind IN ('post', 'room', 'category', 'directory', 'settings', 'history')),
  subject uuid,                                         -- room or category
  from_seq bigint,
  through_seq bigint,
  at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX change_xid ON change (xid);
CREATE INDEX change_at ON change (at);

-- What is left to delete in slices: messages of a room up to a sequence, or a whole deleted room.
CREATE TABLE purge (
  room uuid NOT NULL,
  through_seq bigint NOT NULL,
  whole boolean NOT NULL DEFAULT false,
  PRIMARY KEY (room, whole)
);

CREATE TABLE audit (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  actor uuid,
  action text NOT NULL,
  subject text NOT NULL,
  detail jsonb NOT NULL DEFAULT '{}'
);

------------------------------------------------------------------------------------------------ functions
-- First statement group of a batch of posts, in one round trip. VOLATILE: each statement inside has a
-- snapshot of its own, so that one that waited for a lock sees what was committed meanwhile.
CREATE FUNCTION post_open(category_keys int[], rooms uuid[], authors uuid[], client_ids uuid[])
RETURNS TABLE (what text, ord bigint, id uuid, category uuid, version bigint, flag boolean, seq bigint, first_seq bigint, at timestamptz, content bytea)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE k int;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(1, 0);
  PERFORM pg_advisory_xact_lock_shared(2, 0);
  FOR k IN SELECT DISTINCT x FROM unnest(category_keys) x ORDER BY x LOOP
    PERFORM pg_advisory_xact_lock_shared(3, k);
  END LOOP;
  PERFORM FROM room_head h WHERE h.room = ANY (rooms) ORDER BY h.room FOR NO KEY UPDATE;
  RETURN QUERY
    SELECT 'room', NULL::bigint, h.room, h.category, h.list_version, h.disabled, h.last_seq, h.first_seq, NULL::timestamptz, NULL::bytea
      FROM room_head h JOIN room r ON r.id = h.room WHERE h.room = ANY (rooms) AND r.deleted_at IS NULL
    UNION ALL SELECT 'category', c.lock_key::bigint, c.id, NULL, c.scope_version, c.chat_history, NULL, NULL, NULL, NULL
      FROM category c WHERE c.lock_key = ANY (category_keys)
    UNION ALL SELECT s.kind, NULL, NULL, NULL, s.version, NULL, NULL, NULL, NULL, NULL FROM stamp s
    UNION ALL SELECT 'repeat', i.ord, NULL, NULL, NULL, NULL, r.seq, NULL, r.at::timestamptz, r.content
      FROM unnest(rooms, authors, client_ids) WITH ORDINALITY AS i (room, author, client_id, ord)
      JOIN repeat r ON r.room = i.room AND r.author = i.author AND r.client_id = i.client_id
     WHERE i.client_id IS NOT NULL;
END $$;

-- The least sequence of a room whose message is younger than an instant, by bisection: `at` never falls while seq rises.
-- Null where no kept message is younger.
CREATE FUNCTION seq_after(in_room uuid, instant timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
  low bigint; high bigint; middle bigint; hit record;
BEGIN
  SELECT h.first_seq, h.last_seq INTO low, high FROM room_head h WHERE h.room = in_room;
  SELECT m.seq INTO hit FROM message m WHERE m.room = in_room AND m.seq >= low ORDER BY m.seq DESC LIMIT 1;
  IF NOT FOUND THEN RETURN NULL; END IF;
  high := hit.seq + 1;
  WHILE low < high LOOP
    middle := (low + high) / 2;
    SELECT m.seq, m.at INTO hit FROM message m WHERE m.room = in_room AND m.seq >= middle ORDER BY m.seq LIMIT 1;
    IF NOT FOUND OR hit.at > instant THEN high := middle; ELSE low := hit.seq + 1; END IF;
  END LOOP;
  SELECT m.seq INTO hit FROM message m WHERE m.room = in_room AND m.seq >= low ORDER BY m.seq LIMIT 1;
  IF NOT FOUND THEN RETURN NULL; END IF;
  RETURN hit.seq;
END $$;
