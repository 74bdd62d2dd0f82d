#include "sim/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "sim/argument.h"
#include "sim/checks.h"

/* A seed is an integer of JSON in the history. */
#define SEED_MAX ((uint64_t)INT64_MAX)

enum { DEVICES_MAX = 6, STEPS_MAX = 100000, JOBS_MAX = 256 };

const char sim_options_usage[] =
    "Usage: tern-sim [OPTION]...\n"
    "Lives through offline lives, and checks every promise on each.\n"
    "  --seeds N         how many lives; 100\n"
    "  --start S         the first seed; 1\n"
    "  --minutes M       as many lives as fit\n"
    "  --jobs J          so many at a time; 1\n"
    "  --seed S          this one alone; with --replay its history goes to a file\n"
    "  --replay          write the history of --seed, shrunk if it fails, and its picture\n"
    "  --scenario FILE   play a scenario or a replay file; more may follow\n"
    "  --shrink FILE     reduce a history that fails, in place, and draw its picture\n"
    "  --schema FILE     lives of your own schema document (also clinic, dastern)\n"
    "  --devices N, --steps N   instead of what the seed chooses\n"
    "  --care            lives in which people take medicine, all of them\n"
    "  --mutants         let each planted bug loose until it is found, from --start on, for "
    "--seeds\n"
    "  --mutant NAME     only this one; with --scenario, whether that file finds it\n"
    "  --check NAME      pass over failures of any other check (model, convergence, ...)\n"
    "  --twice           play each life twice; both must be the same\n"
    "  --keep-going      go on after a failure\n"
    "  --rate            say how fast it went\n"
    "  --output FOLDER   where files are written; .\n"
    "  --help            this text\n";

static const struct option names[] = {{"seeds", required_argument, NULL, 'n'},
                                      {"start", required_argument, NULL, 's'},
                                      {"seed", required_argument, NULL, 'S'},
                                      {"replay", no_argument, NULL, 'r'},
                                      {"scenario", required_argument, NULL, 'f'},
                                      {"shrink", required_argument, NULL, 'x'},
                                      {"schema", required_argument, NULL, 'd'},
                                      {"minutes", required_argument, NULL, 'm'},
                                      {"devices", required_argument, NULL, 'D'},
                                      {"steps", required_argument, NULL, 'e'},
                                      {"check", required_argument, NULL, 'c'},
                                      {"care", no_argument, NULL, 'a'},
                                      {"mutants", no_argument, NULL, 'u'},
                                      {"mutant", required_argument, NULL, 'U'},
                                      {"twice", no_argument, NULL, 't'},
                                      {"keep-going", no_argument, NULL, 'k'},
                                      {"rate", no_argument, NULL, 'R'},
                                      {"output", required_argument, NULL, 'o'},
                                      {"jobs", required_argument, NULL, 'j'},
                                      {"help", no_argument, NULL, 'h'},
                                      {NULL, 0, NULL, 0}};

static bool refuse(const char *what)
{
    (void)fprintf(stderr, "%s\n", what);
    return false;
}

static bool add_file(struct sim_options *options, const char *path)
{
    if (options->file_count == SIM_FILES) {
        return refuse("more files than can be played at once");
    }
    options->files[options->file_count++] = path;
    return true;
}

static bool
read_small(const char *option, const char *text, unsigned least, unsigned most, unsigned *ret)
{
    uint64_t number;
    bool is_read = sim_argument_number(option, text, least, most, &number);

    *ret = is_read ? (unsigned)number : 0;
    return is_read;
}

/* A check that there is not would pass over every failure. */
static bool has_check(const char *name)
{
    if (sim_is_check(name)) {
        return true;
    }
    (void)fprintf(stderr, "--check: there is no check %s; there are", name);
    for (size_t i = 0; i < sim_check_count; i++) {
        (void)fprintf(stderr, "%s %s", i > 0 ? "," : "", sim_check_names[i]);
    }
    (void)fputc('\n', stderr);
    return false;
}

/* An option that has a value. */
static bool read_value(struct sim_options *options, int letter, const char *value)
{
    switch (letter) {
    case 'n':
        return sim_argument_number("seeds", value, 1, SEED_MAX, &options->seeds);
    case 's':
        return sim_argument_number("start", value, 1, SEED_MAX, &options->start);
    case 'S':
        options->has_seed = true;
        return sim_argument_number("seed", value, 0, SEED_MAX, &options->seed);
    case 'm':
        return sim_argument_amount("minutes", value, &options->minutes);
    case 'j':
        return read_small("jobs", value, 1, JOBS_MAX, &options->jobs);
    case 'D':
        return read_small("devices", value, 1, DEVICES_MAX, &options->plan.devices);
    case 'e':
        return read_small("steps", value, 1, STEPS_MAX, &options->plan.steps);
    case 'f':
        options->play = true;
        return add_file(options, value);
    case 'x':
        options->shrink = true;
        return add_file(options, value);
    case 'd':
        options->plan.schema = value;
        return true;
    case 'c':
        options->plan.check = value;
        return has_check(value);
    case 'U':
        options->mutants = true;
        options->mutant = value;
        return true;
    default:
        options->output = value;
        return true;
    }
}

static void note_flag(struct sim_options *options, int letter)
{
    switch (letter) {
    case 'r':
        options->replay = true;
        break;
    case 'a':
        options->plan.care = true;
        break;
    case 'u':
        options->mutants = true;
        break;
    case 't':
        options->twice = true;
        break;
    case 'k':
        options->keep_going = true;
        break;
    case 'R':
        options->rate = true;
        break;
    default:
        options->help = true;
        break;
    }
}

/* What would be passed over without a word is refused. */
static bool fit_together(const struct sim_options *options)
{
    bool many = options->seeds > 0 || options->start > 0 || options->minutes > 0;
    const char *schema = options->plan.schema;

    if (options->replay && !options->has_seed) {
        return refuse("--replay needs --seed: the one to replay");
    }
    if (options->has_seed && many) {
        return refuse("--seed is one life; --seeds, --start and --minutes are of many");
    }
    if (options->mutants && (options->has_seed || options->minutes > 0 || schema != NULL)) {
        return refuse(
            "planted bugs are looked for from --start on, in --seeds of the schemas here");
    }
    if (options->minutes > 0 && options->seeds > 0) {
        return refuse("--minutes and --seeds both say when to end");
    }
    if (options->jobs > 0 && (options->has_seed || options->file_count > 0 || options->mutants)) {
        return refuse("--jobs is of many lives: --seeds or --minutes");
    }
    if (options->file_count > 0 && (options->has_seed || (many && !options->mutants))) {
        return refuse("a file is played by itself, without seeds");
    }
    if (options->play && options->shrink) {
        return refuse("a file is played or shrunk");
    }
    if (options->mutants && options->file_count > 0 && options->mutant == NULL) {
        return refuse("--scenario with planted bugs needs --mutant: which one");
    }
    if (options->plan.care && schema != NULL && strcmp(schema, "dastern") != 0) {
        return refuse("--care is of the schema dastern, and of no other");
    }
    return true;
}

bool sim_options_read(int argc, char **argv, struct sim_options *ret_options)
{
    int letter;

    *ret_options = (struct sim_options){.output = "."};
    while ((letter = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (letter == '?') {
            return false;
        }
        if (optarg == NULL) {
            note_flag(ret_options, letter);
        } else if (!read_value(ret_options, letter, optarg)) {
            return false;
        }
    }
    while (optind < argc) { /* more files */
        if (ret_options->file_count == 0) {
            (void)fprintf(stderr, "%s belongs to no option\n", argv[optind]);
            return false;
        }
        if (!add_file(ret_options, argv[optind++])) {
            return false;
        }
    }
    return fit_together(ret_options);
}
