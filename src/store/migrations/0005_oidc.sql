-- Sign-in at OpenID providers, and of devices by a code. An expansion: earlier programs go on beside it.
-- serves from schema 1 on

-- Begun at a provider and not come back yet. What the browser holds stands here as SHA-256 only.
CREATE TABLE oidc_attempt (
  state_hash bytea PRIMARY KEY,
  browser_hash bytea NOT NULL,                          -- of the cookie of the browser that began
  provider text NOT NULL,
  nonce text NOT NULL,
  verifier text NOT NULL,                               -- PKCE
  redirect_uri text NOT NULL,                           -- as it was sent: another server of the pool may have another address
  next text NOT NULL,                                   -- path of ours
  expires_at timestamptz(3) NOT NULL
);
CREATE INDEX oidc_attempt_expires ON oidc_attempt (expires_at);

-- What a provider vouches for. A session that ends takes its row along.
CREATE TABLE oidc_session (
  session uuid PRIMARY KEY REFERENCES session ON DELETE CASCADE,
  provider text NOT NULL,
  subject text NOT NULL,
  sid text,                                             -- the provider's own session
  refresh_token bytea,                                  -- sealed with a key that stands in no database; null: cannot be asked with
  checked_at timestamptz(3) NOT NULL DEFAULT now(),     -- the provider last vouched
  check_after timestamptz(3) NOT NULL,
  failed_at timestamptz(3)                              -- could not be asked since then
);
CREATE INDEX oidc_session_subject ON oidc_session (provider, subject);
CREATE INDEX oidc_session_check ON oidc_session (check_after) WHERE refresh_token IS NOT NULL;
CREATE INDEX oidc_session_checked ON oidc_session (provider, checked_at);

-- Where a provider's users are matched by name: whose account each one is, from his first sign-in on. Names change hands.
CREATE TABLE oidc_person (
  provider text NOT NULL,
  subject text NOT NULL,
  principal uuid NOT NULL REFERENCES principal,
  PRIMARY KEY (provider, subject)
);

-- Logout tokens that were taken: each counts once.
CREATE TABLE oidc_logout (
  provider text NOT NULL,
  jti text NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  PRIMARY KEY (provider, jti)
);

-- Devices that ask to be signed in by somebody at a browser.
CREATE TABLE device_sign_in (
  device_hash bytea PRIMARY KEY,
  user_code text NOT NULL UNIQUE,
  client text NOT NULL,                                 -- what it calls itself
  address text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz(3) NOT NULL,
  polled_at timestamptz(3),
  answer text CHECK (answer IN ('allowed', 'denied')),
  principal uuid REFERENCES principal,
  session uuid                                          -- the sign-in that it was confirmed from
);
CREATE INDEX device_sign_in_expires ON device_sign_in (expires_at);

-- Users and groups that a provider pushed by SCIM: what it sent, so that it reads back what it wrote. Members are in group_member.
CREATE TABLE scim_resource (
  principal uuid PRIMARY KEY REFERENCES principal,
  body jsonb NOT NULL,
  shut boolean NOT NULL DEFAULT false,                  -- a user whom it set inactive or deleted, whatever was done with him here
  created_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  changed_at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
);
