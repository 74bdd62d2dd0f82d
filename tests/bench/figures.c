/* Prints the figures, and keeps them for the JSON file. */
#include "tests/bench/bench.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

enum { FIGURES_MAX = 80 };

struct figure {
    const char *name;
    double value;
    const char *unit;
};

static struct figure figures[FIGURES_MAX];
static size_t figure_count;

void bench_figure(const char *name, double value, const char *unit)
{
    bench_check(figure_count < FIGURES_MAX, "too many figures");
    figures[figure_count++] = (struct figure){name, value, unit};
    printf("%s %.*f %s\n", name, value < 100 ? 3 : 0, value, unit);
    fflush(stdout);
}

void bench_note(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

void bench_write_json(const char *path)
{
    json_t *list = json_array();

    for (size_t i = 0; i < figure_count; i++) {
        json_t *item = json_pack("{s:s, s:f, s:s}",
                                 "name",
                                 figures[i].name,
                                 "value",
                                 figures[i].value,
                                 "unit",
                                 figures[i].unit);

        bench_check(json_array_append_new(list, item) == 0, "memory");
    }
    bench_check(json_dump_file(list, path, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) == 0, path);
    json_decref(list);
}
