-- Roles of administration, break-glass, and an audit record that keeps what it has. An expansion: earlier programs go on beside it.
-- They know of full administrators only, and give holders of other roles no more than anybody has.
-- serves from schema 1 on

-- Who holds a role beside that of the full administrator, which is principal.administrator. A group stands for all who are in it.
CREATE TABLE administration (
  principal uuid NOT NULL REFERENCES principal ON DELETE CASCADE,
  role text NOT NULL CHECK (role IN ('chatAdministrator', 'userAdministrator', 'complianceOfficer', 'helpDesk')),
  granted_by uuid,
  granted_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (principal, role)
);

-- Administrators who read the history of a room that they are no members of, and why. Only `until` moves: to the present.
CREATE TABLE broken_glass (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  room uuid NOT NULL,                                   -- no reference: a deleted room's rows go before this one
  principal uuid NOT NULL,
  reason text NOT NULL,
  at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  until timestamptz(3) NOT NULL
);
CREATE INDEX broken_glass_room ON broken_glass (room, principal, until);

-- The audit record is searched by what was done, by whom, to what and when, and by words.
CREATE INDEX audit_action ON audit (action COLLATE "C", id DESC);
CREATE INDEX audit_actor ON audit (actor, id DESC);
CREATE INDEX audit_subject ON audit (subject COLLATE "C", id DESC);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_words ON audit USING gin (jsonb_to_tsvector('simple', detail, '["string", "numeric"]'));

-- Nothing changes what was recorded, no program and no loop, not even where triggers are otherwise off. A later migration may add
-- columns and indexes; one that rewrites or removes rows would have to take this away first, and a test looks for that.
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'The audit record takes new rows only: % is refused.', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_keeps;
