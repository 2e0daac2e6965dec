#include "hunt_token.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "beside.h"
#include "core/text.h"
#include "hunt/token.h"

#define CHOICES_MAX   ((uint32_t)1 << 20)
#define ARGUMENTS_MAX 256

/* ---- options that a replay needs ---- */

static const struct {
    const char *name;
    uint32_t flag;
    bool set; /* when the word is there */
} flags[] = {
    {"no-races", MILL_JOB_RACES, false},       {"leaks", MILL_JOB_LEAKS, true},
    {"lock-order", MILL_JOB_LOCK_ORDER, true}, {"spurious", MILL_JOB_SPURIOUS, true},
    {"progress", MILL_JOB_PROGRESS, true},
};

#define FLAGS_DEFAULT MILL_JOB_RACES

enum { flag_count = sizeof flags / sizeof flags[0] };

static void write_options(struct mill_text *text, const struct mill_campaign *campaign)
{
    for (int i = 0; i < flag_count; i++) {
        if (((campaign->flags & flags[i].flag) != 0) == flags[i].set) {
            mill_text_add(text, ":%s", flags[i].name);
        }
    }
    if (campaign->expected_exit != 0) {
        mill_text_add(text, ":exit=%d", campaign->expected_exit);
    }
    const struct mill_suspension *suspension = &campaign->suspension;
    if (suspension->thread != 0 && suspension->others == 0) {
        mill_text_add(text, ":suspend=%u.%u", suspension->thread, suspension->point);
    } else if (suspension->thread != 0) {
        mill_text_add(text, ":hold=%u.%u.%u", suspension->thread, suspension->point, suspension->others);
    }
    if (campaign->options.steps_max != 0) {
        mill_text_add(text, ":steps=%u", campaign->options.steps_max);
    }
    if (campaign->engine) {
        mill_text_add(text, ":engine=%s", campaign->engine);
    }
}

static int read_number(const char *text, int64_t minimum, int64_t maximum, int64_t *value)
{
    int status = mill_parse_integer(text, value);
    return status == 0 && (*value < minimum || *value > maximum) ? -ERANGE : status;
}

/* A number up to a stop, behind which `text` is then, or up to the end, where it is NULL. */
static bool read_part(const char **text, int64_t minimum, uint32_t *number)
{
    char part[12];
    int64_t value;
    const char *stop = *text ? strchr(*text, '.') : NULL;
    size_t length = stop ? (size_t)(stop - *text) : *text ? strlen(*text) : sizeof part;
    if (length >= sizeof part) {
        return false;
    }
    memcpy(part, *text, length);
    part[length] = '\0';
    *text = stop ? stop + 1 : NULL;
    if (read_number(part, minimum, UINT32_MAX, &value) < 0) {
        return false;
    }
    *number = (uint32_t)value;
    return true;
}

/* The thread and its point; of one that is held back, how many steps the others take, too. */
static bool read_suspension(struct mill_suspension *suspension, const char *text, bool holds)
{
    *suspension = (struct mill_suspension){.thread = 0};
    return read_part(&text, 1, &suspension->thread) && read_part(&text, 0, &suspension->point) &&
           (!holds || read_part(&text, 1, &suspension->others)) && !text &&
           suspension->thread < MILL_HUNT_THREADS;
}

static int read_option(struct mill_campaign *campaign, const char *word, struct mill_error *error)
{
    int64_t value;
    for (int i = 0; i < flag_count; i++) {
        if (strcmp(word, flags[i].name) == 0) {
            campaign->flags =
                flags[i].set ? campaign->flags | flags[i].flag : campaign->flags & ~flags[i].flag;
            return 0;
        }
    }
    if (strncmp(word, "exit=", 5) == 0 && read_number(word + 5, 0, 255, &value) == 0) {
        campaign->expected_exit = (int)value;
        return 0;
    }
    if ((strncmp(word, "suspend=", 8) == 0 && read_suspension(&campaign->suspension, word + 8, false)) ||
        (strncmp(word, "hold=", 5) == 0 && read_suspension(&campaign->suspension, word + 5, true))) {
        return 0;
    }
    if (strncmp(word, "steps=", 6) == 0 && read_number(word + 6, 1, UINT32_MAX, &value) == 0) {
        campaign->options.steps_max = (uint32_t)value;
        return 0;
    }
    if (strncmp(word, "engine=", 7) == 0) {
        campaign->engine = word + 7;
        return 0;
    }
    return mill_error_set(error, -EPROTO, "the token has an option '%s', which is not known", word);
}

/* ---- words ---- */

static void write_word(struct mill_text *text, const char *word)
{
    for (; *word; word++) {
        unsigned char byte = (unsigned char)*word;
        if (isalnum(byte) || strchr("._/-+=", byte)) {
            mill_text_add(text, "%c", byte);
        } else {
            mill_text_add(text, "%%%02X", byte);
        }
    }
}

/* In place. */
static int read_word(char *word, struct mill_error *error)
{
    char *out = word;
    for (const char *in = word; *in; in++) {
        unsigned byte = (unsigned char)*in;
        if (byte == '%') {
            if (!isxdigit((unsigned char)in[1]) || !isxdigit((unsigned char)in[2])) {
                return mill_error_set(error, -EPROTO, "the token has a '%%' that is no byte");
            }
            char digits[3] = {in[1], in[2], '\0'};
            byte = (unsigned)strtoul(digits, NULL, 16);
            in += 2;
        }
        *out++ = (char)byte;
    }
    *out = '\0';
    return 0;
}

/* ---- tokens ---- */

char *mill_hunt_token_write(const struct mill_campaign *campaign, const struct mill_choices *choices,
                            uint64_t program)
{
    struct mill_text text = {.text = NULL};
    size_t size = mill_token_size(choices, program);
    char *head = malloc(size);
    if (!head || mill_token_encode(choices, program, head, size) < 0) {
        free(head);
        return NULL;
    }
    mill_text_add(&text, "%s@", head);
    free(head);
    for (char *const *word = campaign->prey.arguments; *word; word++) {
        mill_text_add(&text, "%s", word == campaign->prey.arguments ? "" : ",");
        write_word(&text, *word);
    }
    write_options(&text, campaign);
    if (text.failed) {
        mill_text_free(&text);
        return NULL;
    }
    return text.text;
}

static int read_target(struct mill_hunt_token *token, char *target, struct mill_error *error)
{
    int count = 0;
    char *rest = target;
    char *options = strchr(target, ':');
    if (options) {
        *options++ = '\0';
    }
    for (char *word; (word = strsep(&rest, ",")) != NULL;) {
        int status = read_word(word, error);
        if (status == 0 && count + 1 >= ARGUMENTS_MAX) {
            status =
                mill_error_set(error, -EPROTO, "the token has more than %d arguments", ARGUMENTS_MAX - 1);
        }
        if (status < 0) {
            return status;
        }
        token->arguments[count++] = word;
    }
    for (char *word; options && (word = strsep(&options, ":")) != NULL;) {
        int status = read_option(&token->campaign, word, error);
        if (status < 0) {
            return status;
        }
    }
    token->campaign.prey.arguments = token->arguments;
    token->campaign.prey.program = token->path;
    return mill_hunt_find_program(token->arguments[0], token->path, error);
}

int mill_hunt_token_read(struct mill_hunt_token *token, const char *text, struct mill_error *error)
{
    size_t size = mill_choices_size(CHOICES_MAX);
    void *memory = malloc(size);
    *token = (struct mill_hunt_token){
        .campaign = {.flags = FLAGS_DEFAULT, .prey = {.input = -1, .output = -1}},
        .text = strdup(text),
        .arguments = calloc(ARGUMENTS_MAX, sizeof *token->arguments),
        .choices = memory ? mill_choices_make(memory, size) : NULL,
    };
    if (!token->text || !token->arguments || !token->choices) {
        free(token->choices ? NULL : memory);
        return mill_error_set(error, -ENOMEM, "no memory for the token");
    }
    char *target = strchr(token->text, '@');
    if (!target) {
        return mill_error_set(error, -EINVAL, "'%s' is no token: it has no '@' with a program behind it",
                              text);
    }
    *target++ = '\0';
    int status = mill_token_decode(token->text, token->choices, &token->program, error);
    return status < 0 ? status : read_target(token, target, error);
}

void mill_hunt_token_free(struct mill_hunt_token *token)
{
    free(token->text);
    free(token->arguments);
    free(token->choices);
}

int mill_hunt_find_program(const char *name, char *path, struct mill_error *error)
{
    if (strchr(name, '/')) {
        int length = snprintf(path, BESIDE_MAX, "%s", name);
        return length < BESIDE_MAX ? 0
                                   : mill_error_set(error, -ENAMETOOLONG, "the program's path is too long");
    }
    int status = mill_beside(path, name);
    return status < 0
               ? mill_error_set(error, status,
                                "there is no '%s' beside threadmill; a program of yours is ./%s", name, name)
               : 0;
}
