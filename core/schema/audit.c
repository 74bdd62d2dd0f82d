/* The implied table sync_audit, described in the language of all others, so that it is one like any
 * other to whoever reads the description. */
#include "schema/audit.h"

const char trn_audit_document[] =
    "{\"tables\":[{\"name\":\"sync_audit\",\"append_only\":true,\"write\":\"server\","
    "\"columns\":["
    "{\"name\":\"scope_id\",\"type\":\"uuid\"},"
    "{\"name\":\"table_name\",\"type\":\"text\",\"length\":63},"
    "{\"name\":\"row_id\",\"type\":\"uuid\"},"
    "{\"name\":\"unit\",\"type\":\"text\",\"length\":63},"
    "{\"name\":\"rule\",\"type\":\"text\",\"length\":16,"
    "\"words\":[\"LATER\",\"RANK\",\"DEVICE\",\"OWN\",\"DISCARDED\",\"ERASED\"]},"
    "{\"name\":\"lost_values\",\"type\":\"json\",\"sensitive\":true},"
    "{\"name\":\"kept_values\",\"type\":\"json\",\"sensitive\":true},"
    "{\"name\":\"lost_time\",\"type\":\"timestamptz\"},"
    "{\"name\":\"kept_time\",\"type\":\"timestamptz\"},"
    "{\"name\":\"lost_device\",\"type\":\"uuid\"},"
    "{\"name\":\"kept_device\",\"type\":\"uuid\"},"
    "{\"name\":\"lost_number\",\"type\":\"bigint\",\"nullable\":true},"
    "{\"name\":\"kept_number\",\"type\":\"bigint\",\"nullable\":true},"
    "{\"name\":\"lost_tx\",\"type\":\"uuid\",\"nullable\":true}"
    "],\"scopes\":[\"scope_id\"],"
    "\"indexes\":[{\"columns\":[\"row_id\"]},{\"columns\":[\"scope_id\"]}]}]}";
