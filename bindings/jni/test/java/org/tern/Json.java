package org.tern;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON as maps, lists, texts, numbers and truths, taken apart by SQLite's json_tree in a replica of no other use. */
final class Json {
    private Json() {
    }

    static Object parse(Replica replica, String text) {
        Map<Long, Object> nodes = new HashMap<>();
        Object root = null;
        try (Cursor row = replica.query("SELECT id, parent, key, type, atom FROM json_tree(?)", text)) {
            while (row.next()) {
                Object node = node(row);
                nodes.put(row.getLong(0), node);
                if (row.isNull(1)) {
                    root = node;
                } else {
                    add(nodes.get(row.getLong(1)), row.getObject(2), node);
                }
            }
        }
        return root;
    }

    private static Object node(Row row) {
        switch (String.valueOf(row.getString(3))) {
            case "object":
                return new LinkedHashMap<String, Object>();
            case "array":
                return new ArrayList<Object>();
            case "true":
                return true;
            case "false":
                return false;
            default:
                return row.getObject(4);
        }
    }

    @SuppressWarnings("unchecked")
    private static void add(Object parent, Object key, Object node) {
        if (parent instanceof Map) {
            ((Map<String, Object>) parent).put((String) key, node);
        } else {
            ((List<Object>) parent).add(node);
        }
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> object(Object json) {
        return json == null ? new LinkedHashMap<>() : (Map<String, Object>) json;
    }

    @SuppressWarnings("unchecked")
    static List<Object> list(Object json) {
        return json == null ? new ArrayList<>() : (List<Object>) json;
    }
}
