# The table of bench/run: goals first, then raw data (columns: bench/lib.sh, result). Of each row its newest run counts;
# a value is the median of that run's rounds.
BEGIN { FS = "\t" }
/^#/ { next }
FNR == NR { goal_of[$1, $2] = $3; goal[$1, $2] = $4; next }
{
  if (!($2 in newest)) order[++rows] = $2
  if ($1 > newest[$2]) newest[$2] = $1
  if (!(($1, $2, $3) in count)) ways[$1, $2] = ways[$1, $2] " " $3
  key = $1 SUBSEP $2 SUBSEP $3
  i = ++count[key]
  value[key, i] = $5; p50[key, i] = $7; p99[key, i] = $8; cpu[key, i] = $9; unit[key] = $6
}
function median(values, key,    i, j, n, v, t) {
  n = count[key]
  for (i = 1; i <= n; ++i) v[i] = values[key, i]
  for (i = 2; i <= n; ++i) for (j = i; j > 1 && v[j - 1] + 0 > v[j] + 0; --j) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
  return v[int((n + 1) / 2)]
}
# "client=1.5,gateway=2": each part's own median.
function parts(key,    i, j, n, p, one, names, seen, list, all, m, text, sum) {
  for (i = 1; i <= count[key]; ++i) {
    n = split(cpu[key, i], p, ",")
    for (j = 1; j <= n; ++j) if (split(p[j], one, "=") == 2) { list[one[1], i] = one[2]; if (!(one[1] in seen)) { seen[one[1]]; names[++all] = one[1] } }
  }
  for (j = 1; j <= all; ++j) {
    for (i = 1; i <= count[key]; ++i) part[key, i] = list[names[j], i]
    m = median(part, key); sum += m
    text = text sprintf("%s%s %.1f", (j > 1 ? ", " : ""), names[j], m)
  }
  return all ? sprintf("%.1f (%s)", sum, text) : ""
}
END {
  for (r = 1; r <= rows; ++r) {
    row = order[r]; run = newest[row]; n = split(substr(ways[run, row], 2), way, " ")
    printf "%s%s (%d rounds)\n", (r > 1 ? "\n" : ""), row, count[run, row, way[1]]
    printf "  %-14s %10s %-7s %8s %8s %-14s %8s %8s  %s\n", "way", "median", "", "/direct", "/ssh", "goal", "p50 us", "p99 us", "CPU us per operation"
    total = 0
    for (w = 1; w <= n; ++w) {
      key = run SUBSEP row SUBSEP way[w]; m = median(value, key); total += m
      direct = run SUBSEP row SUBSEP "direct"; ssh = run SUBSEP row SUBSEP "ssh"
      verdict = ""
      policy = way[w]; sub(/-plain$/, "", policy); of = run SUBSEP row SUBSEP goal_of[row, policy]
      if ((row, policy) in goal && of in count) {
        reached = m / median(value, of)
        verdict = sprintf("%.2f %s%.2f", reached, (reached >= goal[row, policy] + 0 ? ">= " : "MISS "), goal[row, policy])
      }
      printf "  %-14s %10s %-7s %8s %8s %-14s %8s %8s  %s\n", way[w], m, unit[key],
        (direct in count ? sprintf("%.2f", m / median(value, direct)) : ""), (ssh in count ? sprintf("%.2f", m / median(value, ssh)) : ""),
        verdict, median(p50, key), median(p99, key), parts(key)
    }
    if ((row, "sum") in goal) printf "  %-14s %10.1f KiB     %17s %s %s\n", "sum", total, "", (total <= goal[row, "sum"] + 0 ? "<=" : "MISS"), goal[row, "sum"]
  }
}
