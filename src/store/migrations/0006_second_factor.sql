-- Second factors of accounts that are kept here, and the record of sign-ins. An expansion: earlier programs go on beside it. They
-- know of no second factor: it protects from the moment that the last of them is upgraded.
-- serves from schema 1 on

-- When the holder of the session last proved by password or factor who he is; null for what earlier programs opened.
ALTER TABLE session ADD COLUMN proven_at timestamptz(3);

-- An authenticator app. Beside the confirmed one there may be one that is being set up and does not count yet.
CREATE TABLE totp (
  principal uuid NOT NULL REFERENCES principal,
  confirmed boolean NOT NULL,
  secret bytea NOT NULL,
  sealed_with text,                                     -- which key file's key; null: kept as it is
  last_step bigint NOT NULL DEFAULT 0,                  -- of 30 seconds: a code counts once, and none before it
  at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (principal, confirmed)
);

CREATE TABLE passkey (
  id text PRIMARY KEY,                                  -- that of the authenticator, base64url
  principal uuid NOT NULL REFERENCES principal,
  name text NOT NULL,
  public_key bytea NOT NULL,
  counter bigint NOT NULL,
  transports text[] NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  last_used_at timestamptz(3)
);
CREATE INDEX passkey_principal ON passkey (principal);

CREATE TABLE recovery_code (
  principal uuid NOT NULL REFERENCES principal,
  code_hash bytea NOT NULL,                             -- SHA-256; 80 random bits need no slow hash
  PRIMARY KEY (principal, code_hash)
);

-- Asked for and not answered yet; the answer takes the row away, also a wrong one.
CREATE TABLE passkey_challenge (
  challenge text PRIMARY KEY,
  purpose text NOT NULL CHECK (purpose IN ('signIn', 'ticket', 'prove', 'add')),
  principal uuid REFERENCES principal,                  -- null: whoever holds a passkey
  expires_at timestamptz(3) NOT NULL
);

-- The right password was given; what it takes for a session is missing still.
CREATE TABLE sign_in_ticket (
  token_hash bytea PRIMARY KEY,                         -- SHA-256
  principal uuid NOT NULL REFERENCES principal,
  password_sha bytea NOT NULL,                          -- SHA-256 of the hash that the password fitted: must be the same at the end
  step text NOT NULL CHECK (step IN ('verify', 'enrol', 'enrolled')),
  expires_at timestamptz(3) NOT NULL
);
CREATE INDEX sign_in_ticket_principal ON sign_in_ticket (principal);

-- Sign-ins and refused tries. No foreign key: writing it waits for nobody.
CREATE TABLE sign_in (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz(3) NOT NULL,
  principal uuid,
  unknown text,                                         -- stands for a typed name without an account, which may be a slip of the password
  address text NOT NULL,
  method text NOT NULL,
  outcome text NOT NULL,
  session uuid
);
CREATE INDEX sign_in_principal ON sign_in (principal, id DESC);
CREATE INDEX sign_in_at ON sign_in (at);

-- Makes what stands in `unknown` of no use to whoever has the record and a list of words, but not the store.
CREATE TABLE sign_in_key (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  key bytea NOT NULL
);
INSERT INTO sign_in_key (key) VALUES (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
