// A whole job of OpenVINO without Python: what `job.py` does, with the same files and output.
//
//   openvino_job MODEL.xml PRECISION THREADS CACHE NOISE LABEL NULL_LABEL GUIDANCE STEPS LATENT
//
// The sampler is that of ddim.py. NOISE and LATENT are safetensors files of one f32 tensor.

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <openvino/openvino.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int trainSteps = 1000;

// The cumulative products of 1 - beta, betas linear from 1e-4 to 0.02.
std::vector<double> cumulativeProducts() {
  std::vector<double> products;
  double product = 1;
  for (int t = 0; t < trainSteps; t++) {
    product *= 1 - (1e-4 + (0.02 - 1e-4) * t / (trainSteps - 1));
    products.push_back(product);
  }
  return products;
}

// The elements of the only tensor of a file: a count of bytes, so many bytes of JSON, the data.
std::vector<float> readTensor(const std::string &path, size_t count) {
  std::ifstream file(path, std::ios::binary);
  uint64_t headerSize = 0;
  file.read(reinterpret_cast<char *>(&headerSize), sizeof headerSize);
  file.seekg(static_cast<std::streamoff>(headerSize), std::ios::cur);
  std::vector<float> values(count);
  file.read(reinterpret_cast<char *>(values.data()), count * sizeof(float));
  if (!file) throw std::runtime_error(path + " is too short");
  return values;
}

void writeTensor(
    const std::string &path, const std::string &name, const ov::Shape &shape,
    const std::vector<float> &values
) {
  std::string extents;
  for (size_t extent : shape) extents += (extents.empty() ? "" : ",") + std::to_string(extent);
  const std::string size = std::to_string(values.size() * sizeof(float));
  std::string header = "{\"" + name + "\":{\"dtype\":\"F32\",\"shape\":[" + extents +
                       "],\"data_offsets\":[0," + size + "]}}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  const uint64_t headerSize = header.size();
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char *>(&headerSize), sizeof headerSize);
  file << header;
  file.write(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(float));
  file.close();
  if (!file) throw std::runtime_error(path + " cannot be written");
}

void run(const std::vector<std::string> &arguments) {
  const std::string &model = arguments.at(0), &precision = arguments.at(1);
  const int threads = std::stoi(arguments.at(2));
  const std::string &cache = arguments.at(3), &noise = arguments.at(4);
  const int64_t label = std::stoll(arguments.at(5)), nullLabel = std::stoll(arguments.at(6));
  const float guidance = std::stof(arguments.at(7));
  const int steps = std::stoi(arguments.at(8));
  const std::string &result = arguments.at(9);

  ov::Core core;
  ov::CompiledModel compiled = core.compile_model(
      model, "CPU",
      {{"INFERENCE_PRECISION_HINT", precision},
       {"INFERENCE_NUM_THREADS", threads},
       {"PERFORMANCE_HINT", "LATENCY"},
       {"CACHE_DIR", cache}}
  );
  ov::InferRequest request = compiled.create_infer_request();
  ov::Tensor latents = request.get_input_tensor(0);
  float *pair = latents.data<float>();
  float *timesteps = request.get_input_tensor(1).data<float>();
  int64_t *labels = request.get_input_tensor(2).data<int64_t>();
  labels[0] = label;
  labels[1] = nullLabel;
  const size_t count = latents.get_size() / 2;
  std::vector<float> latent = readTensor(noise, count);
  const std::vector<double> products = cumulativeProducts();
  const int stride = trainSteps / steps;

  const auto start = std::chrono::steady_clock::now();
  for (int step = 0; step < steps; step++) {
    const int timestep = (steps - 1 - step) * stride;
    std::copy(latent.begin(), latent.end(), pair);
    std::copy(latent.begin(), latent.end(), pair + count);
    timesteps[0] = timesteps[1] = static_cast<float>(timestep);
    request.infer();
    const ov::Tensor prediction = request.get_output_tensor();
    const float *with = prediction.data<const float>();
    const float *without = with + prediction.get_size() / 2;
    const double now = products[timestep];
    const double before = timestep >= stride ? products[timestep - stride] : 1;
    const double kept = std::sqrt(before / now);
    const double moved = std::sqrt(1 - before) - kept * std::sqrt(1 - now);
    for (size_t i = 0; i < count; i++) {
      const float epsilon = without[i] + guidance * (with[i] - without[i]);
      latent[i] = static_cast<float>(kept) * latent[i] + static_cast<float>(moved) * epsilon;
    }
    if (step == 0) {
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
      std::cerr << "{\"step\": 1, \"seconds\": " << elapsed.count() << "}" << std::endl;
    }
  }
  ov::Shape shape = latents.get_shape();
  shape[0] = 1;
  writeTensor(result, "latent", shape, latent);
}

}  // namespace

int main(int count, char **arguments) {
  try {
    run(std::vector<std::string>(arguments + 1, arguments + count));
  } catch (const std::exception &error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
}
