/* Registration and main of every test executable. A run with no test at all fails: it would prove
 * nothing. */
#include "tests/harness/harness.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/internal.h"

/* Declared by a macro of cmocka.h that takes arrays only. */
enum { TESTS_MAX = 512 };

/* Read by the sanitizers before main: a request that cannot be met gives NULL, as malloc's contract
 * says. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__tsan_default_options(void);
__attribute__((visibility("default"))) const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1:detect_leaks=1:strict_string_checks=1";
}

const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1:halt_on_error=1";
}

const char *__ubsan_default_options(void)
{
    return "print_stacktrace=1";
}

static struct CMUnitTest tests[TESTS_MAX];
static size_t test_count;

static int prepare(void **state)
{
    (void)state;
    harness_fault_reset();
    return 0;
}

static int clean_up(void **state)
{
    (void)state;
    harness_fault_reset();
    harness_files_reset();
    return 0;
}

void harness_register(const char *name, void (*test)(void **state))
{
    if (test_count == TESTS_MAX) {
        (void)fprintf(stderr, "harness: more than %d tests in one executable\n", TESTS_MAX);
        abort();
    }
    tests[test_count++] = (struct CMUnitTest){.name = name,
                                              .test_func = test,
                                              .setup_func = prepare,
                                              .teardown_func = clean_up};
}

void harness_check(bool condition, const char *text, const char *file, int line)
{
    _assert_true(condition, text, file, line);
}

int main(int argc, char **argv)
{
    const char *filter = argc > 1 ? argv[1] : getenv("TERN_TEST_FILTER");

    if (test_count == 0) {
        (void)fprintf(stderr, "harness: no tests registered\n");
        return 1;
    }
    if (filter != NULL) {
        cmocka_set_test_filter(filter);
    }
    harness_fault_install();
    return _cmocka_run_group_tests(argv[0], tests, test_count, NULL, NULL) == 0 ? 0 : 1;
}
