-- A cheaper opening of a batch of posts, beside the one that earlier programs call. An expansion.
-- serves from schema 1 on

-- Deleted rooms stand here until their rows are gone: nearly always none.
CREATE INDEX room_deleted ON room (id) WHERE deleted_at IS NOT NULL;

-- As post_open, in an answer of one shape: rooms with what their own locked rows say (a statement that locks answers the newest
-- version of a row, also where it waited), then what is read in a later statement: deleted rooms, categories, stamps, repeats.
-- VOLATILE: each statement inside has a snapshot of its own.
CREATE FUNCTION post_take(category_keys int[], rooms uuid[], authors uuid[], client_ids uuid[])
RETURNS TABLE (what text, id uuid, category uuid, version bigint, flag boolean, place bigint, seq bigint, at_ms bigint, content bytea)
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  -- In this order: directory, settings, categories as they are given (by key). One statement, since each costs as much as a lock.
  PERFORM pg_advisory_xact_lock_shared(l.kind, l.key)
     FROM (SELECT 1 AS kind, 0 AS key UNION ALL SELECT 2, 0 UNION ALL SELECT 3, x FROM unnest(category_keys) x) l;
  RETURN QUERY
    SELECT 'room', h.room, h.category, h.list_version, h.disabled, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bytea
      FROM room_head h WHERE h.room = ANY (rooms) ORDER BY h.room FOR NO KEY UPDATE;
  RETURN QUERY
    SELECT 'deleted', r.id, NULL::uuid, NULL::bigint, NULL::boolean, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bytea
      FROM room r WHERE r.id = ANY (rooms) AND r.deleted_at IS NOT NULL
    UNION ALL SELECT 'category', c.id, NULL, c.scope_version, c.chat_history, c.lock_key, NULL, NULL, NULL
      FROM category c WHERE c.lock_key = ANY (category_keys)
    UNION ALL SELECT s.kind, NULL, NULL, s.version, NULL, NULL, NULL, NULL, NULL FROM stamp s
    UNION ALL SELECT 'repeat', NULL, NULL, NULL, NULL, i.place, r.seq, (extract(epoch FROM r.at) * 1000)::bigint, r.content
      FROM unnest(rooms, authors, client_ids) WITH ORDINALITY AS i (room, author, client_id, place)
      JOIN repeat r ON r.room = i.room AND r.author = i.author AND r.client_id = i.client_id;
END $$;
