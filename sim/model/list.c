/* The model's arrays and values. Values are kept as long as the model and its copies, so that rows
 * can be copied by assignment. */
#include "sim/model/internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- Arrays ---- */

void model_list_begin(struct model_list *list, size_t size)
{
    memset(list, 0, sizeof(*list));
    list->size = size;
}

void *model_list_at(const struct model_list *list, size_t index)
{
    return (char *)list->items + index * list->size;
}

void *model_list_add(struct model_list *list)
{
    void *item;

    if (list->count == list->room) {
        list->room = list->room == 0 ? 16 : list->room * 2;
        list->items = realloc(list->items, list->room * list->size);
        if (list->items == NULL) {
            abort();
        }
    }
    item = model_list_at(list, list->count++);
    memset(item, 0, list->size);
    return item;
}

void model_list_copy(struct model_list *to, const struct model_list *from)
{
    model_list_begin(to, from->size);
    for (size_t i = 0; i < from->count; i++) {
        memcpy(model_list_add(to), model_list_at(from, i), from->size);
    }
}

/* ---- Values ---- */

tern_value model_keep(const struct model *model, const tern_value *value)
{
    tern_value copy = *value;

    if ((value->kind == TERN_TEXT || value->kind == TERN_BLOB) && value->size > 0) {
        void *bytes = malloc(value->size);

        if (bytes == NULL) {
            abort();
        }
        memcpy(bytes, value->data, value->size);
        memcpy(model_list_add(&model->store->pieces), &bytes, sizeof(bytes));
        copy.data = bytes;
    }
    return copy;
}

struct model_store *model_store_new(void)
{
    struct model_store *store = calloc(1, sizeof(*store));

    if (store == NULL) {
        abort();
    }
    model_list_begin(&store->pieces, sizeof(void *));
    return store;
}

void model_store_leave(struct model_store *store)
{
    if (--store->users > 0) {
        return;
    }
    for (size_t i = 0; i < store->pieces.count; i++) {
        void *piece;

        memcpy(&piece, model_list_at(&store->pieces, i), sizeof(piece));
        free(piece);
    }
    free(store->pieces.items);
    free(store);
}

bool model_value_id(const tern_value *value, tern_id *ret_id)
{
    if (value->kind != TERN_BLOB || value->size != sizeof(ret_id->bytes)) {
        return false;
    }
    memcpy(ret_id->bytes, value->data, sizeof(ret_id->bytes));
    return true;
}

bool model_value_is(const tern_value *value, const char *text)
{
    return value->kind == TERN_TEXT && value->size == strlen(text) &&
           memcmp(value->data, text, value->size) == 0;
}

bool model_id_equal(const tern_id *a, const tern_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}
