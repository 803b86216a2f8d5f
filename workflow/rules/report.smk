rule draw:
    input:
        cells=rules.collect.output.cells,
        facts=rules.analyse.output.facts,
        series=rules.analyse.output.series,
    output:
        figures=report(
            directory("<results>/{study}/figures"),
            patterns=["{figure,[a-z_]+}.svg"],
            caption="../report/figure.rst",
            category="Figures",
            subcategory="{study}",
            labels={"figure": "{figure}"},
        ),
    log:
        "<logs>/{study}/draw.log",
    benchmark:
        "<benchmarks>/{study}/draw.tsv"
    localrule: LIGHT
    conda:
        "../envs/decaybench.yaml"
    threads: 1
    resources:
        mem_mb=tables_mb,
        runtime=tables_minutes,
    params:
        study=study_config,
        code=stage_code("draw"),
    message:
        "Drawing the figures of study {wildcards.study}"
    shell:
        "decaybench draw --study {params.study:q} --cells {input.cells:q} --facts {input.facts:q}"
        " --series {input.series:q} --output {output.figures:q} 2> {log:q}"


rule render:
    input:
        facts=rules.gather.output.facts,
        claims=rules.judge.output.claims,
        timings=rules.gather.output.timings,
        manifest=rules.gather.output.manifest,
        figures=of_all_studies("figures"),
    output:
        page=report(
            "<results>/report.{language}.html",
            caption="../report/page.rst",
            category="Pages",
            labels={"language": "{language}"},
        ),
    log:
        "<logs>/render-{language}.log",
    benchmark:
        "<benchmarks>/render-{language}.tsv"
    localrule: True
    conda:
        "../envs/decaybench.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        config=jobs.question(CONFIG),
        code=jobs.stage_code("render", *CONFIG.studies),
    message:
        "Rendering the page ({wildcards.language})"
    shell:
        "decaybench render --config {params.config:q} --language {wildcards.language}"
        ' --results "$(dirname {output.page:q})" --output {output.page:q} 2> {log:q}'
