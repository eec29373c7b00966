// The operands of `attention_bf16`, head by head.

/// The operands of one head: its first rows.
typedef struct {
  operand q, k, v;
  char *result;
} bf16_head;

/// The operands of head `h` of batch entry `b`.
static bf16_head bf16_head_of(
    const dth_attention_args *args, void *const *operands, int64_t b, int64_t h) {
  int64_t size = args->operand_element == DTH_BF16 ? 2 : 4;
  int64_t result_size = args->result_element == DTH_BF16 ? 2 : 4;
  return (bf16_head){
      .q = {(const char *)operands[1] + (b * args->q_batch_stride + h * args->width) * size,
            args->operand_element, args->q_row_stride, 1, NULL, NULL},
      .k = {(const char *)operands[2] + (b * args->k_batch_stride + h * args->width) * size,
            args->operand_element, args->k_row_stride, 1, NULL, NULL},
      .v = {(const char *)operands[3] + (b * args->v_batch_stride + h * args->value_width) * size,
            args->operand_element, args->v_row_stride, 1, NULL, NULL},
      .result = (char *)operands[0] +
                (b * args->result_batch_stride + h * args->value_width) * result_size,
  };
}
