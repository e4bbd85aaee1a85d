-- Sign-ins that are handed over from one pool to another. An expansion: earlier programs go on beside it; what they open was shown no
-- second factor, as far as this program knows.
-- serves from schema 1 on

-- Whether a second factor was shown for it, here or in the pool that it came from; and which pool that is, by its display name.
ALTER TABLE session ADD COLUMN by_factor boolean NOT NULL DEFAULT false;
ALTER TABLE session ADD COLUMN handed_over_from text;

-- What is asked for before there is a session from another pool. It lasts no longer than the sign-in there.
ALTER TABLE sign_in_ticket ADD COLUMN handed_over_from text;
ALTER TABLE sign_in_ticket ADD COLUMN handed_over_until timestamptz(3);

-- The pool that a sign-in came from, or was given to.
ALTER TABLE sign_in ADD COLUMN pool text;

-- Tickets of other pools that were taken: each counts once. Kept for longer than any ticket counts.
CREATE TABLE hand_over_taken (
  id uuid PRIMARY KEY,
  expires_at timestamptz(3) NOT NULL
);
CREATE INDEX hand_over_taken_expires ON hand_over_taken (expires_at);

-- Compliance takes it along, where there is one.
CREATE OR REPLACE FUNCTION record_sign_in() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT recording FROM pool) THEN
    INSERT INTO outbox (at, kind, data) VALUES (NEW.at, 'sign-in', CASE WHEN NEW.pool IS NULL
      THEN json_build_object('actor', recorded_actor(NEW.principal), 'address', NEW.address, 'method', NEW.method,
        'outcome', NEW.outcome, 'session', NEW.session)
      ELSE json_build_object('actor', recorded_actor(NEW.principal), 'address', NEW.address, 'method', NEW.method,
        'outcome', NEW.outcome, 'session', NEW.session, 'pool', NEW.pool) END);
  END IF;
  RETURN NULL;
END $$;
