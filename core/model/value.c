/* Values as the public interface builds them; each borrows what it is given. */
#include "tern/value.h"

#include <string.h>

#include "base/uuid.h"

tern_value tern_value_null(void)
{
    return (tern_value){.kind = TERN_NULL};
}

tern_value tern_value_integer(int64_t integer)
{
    return (tern_value){.kind = TERN_INTEGER, .integer = integer};
}

tern_value tern_value_real(double real)
{
    return (tern_value){.kind = TERN_REAL, .real = real};
}

tern_value tern_value_text(const char *text)
{
    if (text == NULL) {
        return tern_value_null();
    }
    return (tern_value){.kind = TERN_TEXT, .data = text, .size = strlen(text)};
}

tern_value tern_value_blob(const void *data, size_t size)
{
    return (tern_value){.kind = TERN_BLOB, .data = data, .size = size};
}

tern_value tern_value_id(const tern_id *id)
{
    return tern_value_blob(id->bytes, sizeof(id->bytes));
}

void tern_id_format(const tern_id *id, char ret_text[TERN_ID_TEXT_BYTES])
{
    trn_id_format(id, ret_text);
}

int tern_id_parse(const char *text, tern_id *ret_id)
{
    return text != NULL && trn_id_parse(trn_slice_text(text), ret_id);
}
