/* Small pictures that need no script, and the numbers beside them. */
#include <math.h>

#include "report/html_parts.h"

enum {
    width = 120, /* of the picture, in its own units */
    middle = width / 2,
};

/* The ratio at the right end of the picture; at the left end it is as much less. */
static const double widest = 1.6;

/* Where a ratio stands, with 1 in the middle. What lies beyond ends there with an arrow. */
static double place(double ratio)
{
    double at = middle + log(ratio) / log(widest) * middle;
    return fmin(width - 4, fmax(4, at));
}

static bool is_beyond(double ratio)
{
    return !(ratio >= 1 / widest && ratio <= widest);
}

void mill_html_ratio_picture(struct mill_text *out, double ratio, double low, double high, double margin)
{
    mill_text_add(
        out, "<svg class=\"ratio\" viewBox=\"0 0 %d 14\" width=\"%d\" height=\"14\" role=\"img\"><title>",
        width, width);
    mill_html_ratio(out, ratio);
    mill_text_add(out, ", 95%% interval ");
    mill_html_interval(out, low, high);
    mill_text_add(out, "</title>");
    if (margin > 0) {
        double begin = place(1 / (1 + margin));
        mill_text_add(out, "<rect class=\"margin\" x=\"%.1f\" y=\"1\" width=\"%.1f\" height=\"12\"/>", begin,
                      place(1 + margin) - begin);
    }
    mill_text_add(out, "<path class=\"one\" d=\"M%d 0V14\"/>", middle);
    if (low > 0 && isfinite(high)) {
        double begin = place(low), end = place(high);
        mill_text_add(out, "<path class=\"bar\" d=\"M%.1f 7H%.1f\"/>", begin, end);
        mill_text_add(out, "%s%s", low < 1 / widest ? "<path class=\"tip\" d=\"M5 3L1 7L5 11\"/>" : "",
                      high > widest ? "<path class=\"tip\" d=\"M115 3L119 7L115 11\"/>" : "");
    }
    if (ratio > 0 && isfinite(ratio)) {
        mill_text_add(out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"7\" r=\"3\"/>",
                      is_beyond(ratio) ? "far" : "dot", place(ratio));
    }
    mill_text_add(out, "</svg>");
}

static double share_place(double share)
{
    return 4 + fmin(1.1, fmax(0, share)) * (width - 16);
}

void mill_html_share_picture(struct mill_text *out, double share, double low, double high)
{
    mill_text_add(
        out, "<svg class=\"ratio\" viewBox=\"0 0 %d 14\" width=\"%d\" height=\"14\" role=\"img\"><title>",
        width, width);
    mill_html_ratio(out, share);
    mill_text_add(out, ", 95%% interval ");
    mill_html_interval(out, low, high);
    mill_text_add(out,
                  "</title><path class=\"one\" d=\"M%.1f 0V14\"/><path class=\"track\" d=\"M4 7H%.1f\"/>",
                  share_place(1), share_place(1));
    if (isfinite(low) && isfinite(high)) {
        mill_text_add(out, "<path class=\"bar\" d=\"M%.1f 7H%.1f\"/>", share_place(low), share_place(high));
    }
    if (isfinite(share)) {
        mill_text_add(out, "<circle class=\"dot\" cx=\"%.1f\" cy=\"7\" r=\"3\"/>", share_place(share));
    }
    mill_text_add(out, "</svg>");
}

void mill_html_ratio(struct mill_text *out, double ratio)
{
    if (!isfinite(ratio)) {
        mill_text_add(out, "\xe2\x80\x93");
    } else if (ratio != 0 && (ratio < 0.01 || ratio >= 1e4)) {
        mill_text_add(out, "%.2e\xc3\x97", ratio);
    } else {
        mill_text_add(out, ratio < 0.1 ? "%.3f\xc3\x97" : "%.2f\xc3\x97", ratio);
    }
}

void mill_html_interval(struct mill_text *out, double low, double high)
{
    if (!isfinite(low) || !isfinite(high)) {
        mill_text_add(out, "\xe2\x80\x93");
        return;
    }
    mill_text_add(out, low < 0.1 || high >= 1e4 ? "%.3g to %.3g" : "%.2f to %.2f", low, high);
}
