-- Add-ins, named policies, and options of sites and pools. An expansion: earlier programs go on beside it.
-- serves from schema 1 on

-- Web pages that may stand beside the conversation of a room.
CREATE TABLE addin (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  name_key text NOT NULL UNIQUE,
  url text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);
ALTER TABLE room ADD COLUMN addin uuid REFERENCES addin;
CREATE INDEX room_addin ON room (addin) WHERE addin IS NOT NULL;

-- Global and site policies are rows of policy themselves.
CREATE TABLE named_policy (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  name_key text NOT NULL UNIQUE,
  description text NOT NULL DEFAULT '',
  enabled boolean NOT NULL
);
-- named: the policy that a principal was given; enabled is then a copy of its switch, so that no reader has to look there.
ALTER TABLE policy ADD COLUMN named uuid REFERENCES named_policy, ADD COLUMN description text NOT NULL DEFAULT '';
CREATE INDEX policy_named ON policy (named) WHERE named IS NOT NULL;

-- scope: 'site:<name>' or 'pool:<name>', folded. The global values are those of pool.settings.
CREATE TABLE configuration (
  scope text PRIMARY KEY,
  options jsonb NOT NULL
);
